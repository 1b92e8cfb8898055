r"""Objects inside executables: a libbpf skeleton keeps the whole ELF file as a string constant.

7f 45 4c 46 02 01 01 ...   the magic, 64 bits, little-endian (or big)
at 16: e_type 1 (REL), at 18: e_machine 247 (EM_BPF)
its end: the section header table, which clang and bpftool put last
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["embedded_objects", "is_bpf"]

_MAGIC = b"\x7fELF\x02"
_EM_BPF = 247
_HEADER_SIZE = 64
_MACHINE_AT, _SHOFF_AT, _SHENTSIZE_AT = 18, 40, 58


def is_bpf(data: bytes, at: int = 0) -> bool:
    """Whether the ELF file at this offset is for BPF."""
    return data[at + _MACHINE_AT : at + _MACHINE_AT + 2] in (
        _EM_BPF.to_bytes(2, "little"),
        _EM_BPF.to_bytes(2, "big"),
    )


def embedded_objects(data: bytes) -> Iterator[bytes]:
    """Every BPF object inside an ELF file for another machine, in order."""
    at = data.find(_MAGIC, 1)
    while at >= 0:
        if is_bpf(data, at):
            yield _cut(data, at)
        at = data.find(_MAGIC, at + 1)


def _cut(data: bytes, at: int) -> bytes:
    """From its header to the end of its section header table, as far as there are bytes."""
    if len(data) - at < _HEADER_SIZE:
        return data[at:]
    order = "<" if data[at + 5] == 1 else ">"
    (table,) = struct.unpack_from(order + "Q", data, at + _SHOFF_AT)
    size, count = struct.unpack_from(order + "HH", data, at + _SHENTSIZE_AT)
    return data[at : at + max(table + size * count, _HEADER_SIZE)]
