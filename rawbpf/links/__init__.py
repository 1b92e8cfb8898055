"""Links, which attach loaded programs to probes."""

from __future__ import annotations

from rawbpf.front_door import front_door
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawbpf.links.dispatch import attach
    from rawbpf.links.info import LinkInfo
    from rawbpf.links.link import Link

__all__ = [
    "Link",
    "LinkInfo",
    "attach",
]

_HOMES = {
    "Link": "rawbpf.links.link",
    "LinkInfo": "rawbpf.links.info",
    "attach": "rawbpf.links.dispatch",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
