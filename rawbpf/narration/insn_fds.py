"""Where instructions hold descriptors, which the kernel replaces while it loads a program.

lddw, src 1 and 2        a map: imm
lddw, src 3              a variable of a module: the module's BTF, in the second slot's imm
lddw, src 5 and 6        a map: imm is an index of fd_array
call, src 2              a function of a module: off is an index of fd_array, 0 is the image
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["INSN", "fd_places", "last_index"]

INSN = 8
_LD_IMM64 = isa.BPF_LD | isa.BPF_IMM | isa.BPF_DW
_CALL = isa.BPF_JMP | isa.BPF_CALL
_FDS = {isa.BPF_PSEUDO_MAP_FD, isa.BPF_PSEUDO_MAP_VALUE}
_INDEXES = {isa.BPF_PSEUDO_MAP_IDX, isa.BPF_PSEUDO_MAP_IDX_VALUE}


def fd_places(raw: bytes) -> Iterator[int]:
    """The bytes where descriptors are, four each."""
    for at in _slots(raw):
        if raw[at] != _LD_IMM64:
            continue
        source, second = raw[at + 1] >> 4, at + INSN + 4
        if source in _FDS:
            yield at + 4
        elif source == isa.BPF_PSEUDO_BTF_ID and any(raw[second : second + 4]):
            yield second


def last_index(raw: bytes) -> int:
    """The highest index into fd_array; -1 if there is none."""
    last = -1
    for at in _slots(raw):
        source = raw[at + 1] >> 4
        if raw[at] == _CALL and source == isa.BPF_PSEUDO_KFUNC_CALL:
            off = int.from_bytes(raw[at + 2 : at + 4], "little", signed=True)
            last = max(last, off or -1)
        elif raw[at] == _LD_IMM64 and source in _INDEXES:
            last = max(last, int.from_bytes(raw[at + 4 : at + 8], "little", signed=True))
    return last


def _slots(raw: bytes) -> Iterator[int]:
    """Where each instruction begins."""
    slots = iter(range(0, len(raw) - INSN + 1, INSN))
    for at in slots:
        yield at
        if raw[at] == _LD_IMM64:
            next(slots, None)
