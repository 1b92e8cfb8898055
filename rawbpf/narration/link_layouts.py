"""struct bpf_link_info as one structure for each type of link: the head, then that type's part.

``uapi.bpf_link_info`` has a reading for each part; who shows a whole wants both.

>>> from rawbpf.uapi.bpf import bpf_link_type
>>> whole = WHOLES[bpf_link_type.BPF_LINK_TYPE_XDP]
>>> [name for name, *_ in whole._fields_], whole.ifindex.offset
(['type', 'id', 'prog_id', '_hole', 'ifindex'], 16)
"""

from __future__ import annotations

import ctypes
from ctypes import Structure, c_uint32
from typing import Any

from rawbpf.uapi import bpf_link_info as u
from rawbpf.uapi.link_parts import NAMES as _NAMES
from rawbpf.uapi.link_parts import PARTS

__all__ = ["NAMES", "WHOLES"]

_PERF_HEAD = 24


def _whole(part: type[Structure]) -> type[Structure]:
    """The head and a part as one; ``origin``: field -> the structure that it is from."""
    (_, first, *_), *rest = part._fields_
    fields: list[Any] = list(u.BpfLinkInfo._fields_[:4])
    if isinstance(first, type) and ctypes.sizeof(first) == _PERF_HEAD:
        fields += [("event_type", c_uint32), ("_hole_2", c_uint32)]
    origin = {name: part for name, *_ in rest} | {
        name: u.BpfLinkInfo for name, *_ in u.BpfLinkInfo._fields_
    }
    name = f"{part.__name__}Whole"
    return type(name, (Structure,), {"_fields_": [*fields, *rest], "origin": origin})


WHOLES = {kind: _whole(part) for kind, part in PARTS.items()}
"""Type of link -> the whole structure."""

NAMES = {whole: _NAMES[PARTS[kind]] for kind, whole in WHOLES.items() if PARTS[kind] in _NAMES}
"""Whole -> where the address of a buffer for a name is, and its length."""
