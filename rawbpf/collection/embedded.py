r"""Objects inside executables: a libbpf skeleton keeps the whole ELF file as a string constant.

7f 45 4c 46 02 01 01 ...   the magic, 64 bits, little-endian (or big), version 1
at 16: e_type 1 (REL), at 18: e_machine 247 (EM_BPF)
its end: the section header table, which clang and bpftool put last
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Embedded", "embedded_objects", "is_bpf"]

_MAGIC = b"\x7fELF\x02"
_EM_BPF = 247
_HEADER_SIZE = 64
_MACHINE_AT, _SHOFF_AT, _SHENTSIZE_AT = 18, 40, 58


class Embedded(NamedTuple):
    """An object, and the byte of the file where it begins."""

    at: int
    data: bytes


def is_bpf(data: bytes, at: int = 0) -> bool:
    """Whether the ELF file at this offset is for BPF."""
    return data[at + _MACHINE_AT : at + _MACHINE_AT + 2] in (
        _EM_BPF.to_bytes(2, "little"),
        _EM_BPF.to_bytes(2, "big"),
    )


def embedded_objects(data: bytes) -> Iterator[Embedded]:
    """Every BPF object inside an ELF file for another machine, in order.

    What claims to go on behind the end of the file is none: loaders of objects contain such bytes,
    too. Objects do not overlap, so all together are no longer than the file.
    """
    at = data.find(_MAGIC, 1)
    while at >= 0:
        end = _end(data, at) if is_bpf(data, at) else 0
        if end:
            yield Embedded(at, data[at:end])
        at = data.find(_MAGIC, end or at + 1)


def _end(data: bytes, at: int) -> int:
    """Behind its section header table; 0 if there is no such table in the file."""
    if len(data) - at < _HEADER_SIZE:
        return 0
    order = "<" if data[at + 5] == 1 else ">"
    (table,) = struct.unpack_from(order + "Q", data, at + _SHOFF_AT)
    size, count = struct.unpack_from(order + "HH", data, at + _SHENTSIZE_AT)
    end: int = at + table + size * count
    return end if at + _HEADER_SIZE <= end <= len(data) else 0
