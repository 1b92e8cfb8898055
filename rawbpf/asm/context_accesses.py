"""Find the bytes of the context that a program may read or write.

A program receives the address of its context in r1. The kernel records how far into the context
the program reaches (prog->aux->max_ctx_offset), but does not report the instruction.
``context_accesses`` follows copies of the address through registers, stack slots and calls along
every path, so the result may include accesses that the verifier finds unreachable.

>>> from rawbpf.asm.bytecode import Bytecode
>>> from rawbpf.asm.decode import decode_all
>>> code = decode_all(bytes.fromhex("bf16000000000000" "7960180000000000" "9500000000000000"))
>>> context_accesses(Bytecode("p", tuple(code)))
[ContextAccess(slot=1, offset=24, size=8)]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.cfg import successors
from rawbpf.asm.instruction import slots_of
from rawbpf.asm.link import callee
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import instruction_class, mode, operation, size_in_bytes, uses_register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction

__all__ = ["ContextAccess", "context_accesses"]

_LARGEST = 1 << 15
"""Offsets beyond this limit are not followed, because a loop may increase an offset forever."""

_SCRATCH = range(6)


class ContextAccess(NamedTuple):
    """The instruction at ``slot`` accesses ``size`` bytes at ``offset`` in the context."""

    slot: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """The offset just past the last byte."""
        return self.offset + self.size


class _Address(NamedTuple):
    """Before ``slot``, ``place`` may hold the context's address plus ``offset``.

    A place is a register's number, or a negative offset in the stack frame.
    """

    slot: int
    place: int
    offset: int


def context_accesses(code: Bytecode) -> list[ContextAccess]:
    """Return the loads and stores that may access the context, in the order of the instructions."""
    rows = dict(zip(slots_of(code.instructions), code.instructions, strict=False))
    waiting = [_Address(0, 1, 0)]
    seen, found = set(waiting), set()
    while waiting:
        address = waiting.pop()
        one = rows.get(address.slot)
        if one is None or not 0 <= address.offset < _LARGEST:
            continue
        if _accesses(one, address.place):
            found.add(
                ContextAccess(address.slot, address.offset + one.off, size_in_bytes(one.opcode))
            )
        new = set(_after(one, address)) - seen
        seen |= new
        waiting += new
    return sorted(found)


def _accesses(one: Instruction, place: int) -> bool:
    """Return whether a load or store uses a register as its address."""
    kind = instruction_class(one.opcode)
    base = one.src if kind == isa.BPF_LDX else one.dst
    return kind in (isa.BPF_LDX, isa.BPF_ST, isa.BPF_STX) and base == place


def _after(one: Instruction, address: _Address) -> Iterator[_Address]:
    """Yield the places that may hold the address after an instruction."""
    target = callee(one, address.slot)
    if target is not None and 1 <= address.place <= 5:
        yield _Address(target, address.place, address.offset)
    for place, offset in _moved(one, address.place, address.offset):
        for slot in successors(one, address.slot):
            yield _Address(slot, place, offset)


def _moved(one: Instruction, place: int, offset: int) -> Iterator[tuple[int, int]]:
    """Yield the places that hold the address after an instruction, and the offset in it."""
    kind, what = instruction_class(one.opcode), operation(one.opcode)
    if kind == isa.BPF_ALU64 and what == isa.BPF_ADD and not uses_register(one.opcode):
        yield place, offset + (one.imm if one.dst == place else 0)
        return
    if not _overwrites(one, place):
        yield place, offset
    if kind == isa.BPF_ALU64 and what == isa.BPF_MOV and uses_register(one.opcode):
        if one.src == place and not one.off:
            yield one.dst, offset
    elif mode(one.opcode) == isa.BPF_MEM and size_in_bytes(one.opcode) == 8:
        if kind == isa.BPF_STX and (one.dst, one.src) == (isa.BPF_REG_FP, place):
            yield one.off, offset
        elif kind == isa.BPF_LDX and (one.src, one.off) == (isa.BPF_REG_FP, place):
            yield one.dst, offset


def _overwrites(one: Instruction, place: int) -> bool:
    """Return whether an instruction replaces the contents of a register or a stack slot."""
    kind = instruction_class(one.opcode)
    if kind in (isa.BPF_JMP, isa.BPF_JMP32):
        return operation(one.opcode) == isa.BPF_CALL and place in _SCRATCH
    if kind in (isa.BPF_ST, isa.BPF_STX):
        return one.dst == isa.BPF_REG_FP and one.off == place
    return one.dst == place
