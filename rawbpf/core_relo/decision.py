"""What a record made of a kernel: an answer, and where it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rawbpf.core_relo.access import Path
    from rawbpf.core_relo.compute import Value
    from rawbpf.uapi.btf import bpf_core_relo_kind

__all__ = ["Decision"]


class Decision(NamedTuple):
    """A record's path and value here, and there; ``text`` and ``candidate``: for people."""

    text: str
    kind: bpf_core_relo_kind
    local: Value
    target: Value | None
    found: Path | None
    candidate: str = ""
    missing: str = ""
