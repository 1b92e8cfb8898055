"""From an object file to programs that run, in named steps.

open      the file's bytes -> an ObjectSpec                             no kernel
prepare   maps get the sizes, externs the answers that this kernel has
relocate  instructions get the offsets that this kernel's types have
load      maps are made and filled, programs verified
attach    each program goes where its section says
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.front_door import front_door

if TYPE_CHECKING:
    from rawbpf.collection.collection import Collection, open  # noqa: A004 -- opens an object
    from rawbpf.collection.events import Events
    from rawbpf.collection.object_source import spec_of

__all__ = [
    "Collection",
    "Events",
    "open",
    "spec_of",
]

_HOMES = {
    "Collection": "rawbpf.collection.collection",
    "Events": "rawbpf.collection.events",
    "open": "rawbpf.collection.collection",
    "spec_of": "rawbpf.collection.object_source",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
