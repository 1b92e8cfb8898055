"""Is there a map of this type? Create the smallest one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.features.answer import Answer, attempt
from rawbpf.syscall.bpf import map_create
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate

if TYPE_CHECKING:
    from rawbpf.uapi.bpf import bpf_map_type

__all__ = ["map_type"]


def map_type(kind: bpf_map_type, *, key: int = 4, value: int = 8, entries: int = 1) -> Answer:
    """Create a map of ``kind`` with these sizes, in bytes."""
    struct = BpfAttrMapCreate(
        map_type=kind, key_size=key, value_size=value, max_entries=entries, map_name=b"rawbpf_probe"
    )
    return attempt(f"create a {kind.name}", lambda: map_create(struct))
