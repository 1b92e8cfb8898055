"""Steps of loads and stores, and of atomics.

Each has a reader or writer of its own (`memory.py`). The machine runs one program at a time, so
every instruction is atomic, and in order, anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.opcode import mode, size_in_bytes
from rawbpf.machine.arithmetic import MASK, TWO_OPERANDS
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.machine.site import Site, Step

    Read = Callable[[int], int]
    Write = Callable[[int, int], None]

__all__ = ["load", "store", "store_number"]


def load(site: Site) -> Step:
    """Class LDX: dst = memory at src + off."""
    opcode = site.instruction.opcode
    signed = mode(opcode) == isa.BPF_MEMSX
    return _load(site, site.machine.memory.reader(size_in_bytes(opcode), signed=signed))


def _load(site: Site, read: Read) -> Step:
    _, dst, src, off, _ = site.instruction
    mask, after = MASK[64], site.next

    def step(registers: list[int]) -> int:
        registers[dst] = read(registers[src] + off) & mask
        return after

    return step


def store_number(site: Site) -> Step:
    """Class ST: memory at dst + off = imm."""
    opcode, dst, _, off, imm = site.instruction
    write, after = site.machine.memory.writer(size_in_bytes(opcode)), site.next

    def step(registers: list[int]) -> int:
        write(registers[dst] + off, imm)
        return after

    return step


def store(site: Site) -> Step:
    """Class STX: memory at dst + off = src, or something atomic."""
    opcode, *_, imm = site.instruction
    memory, size = site.machine.memory, size_in_bytes(opcode)
    if mode(opcode) == isa.BPF_MEM or imm == isa.BPF_STORE_REL:
        return _store(site, memory.writer(size))
    if imm == isa.BPF_LOAD_ACQ:
        return _load(site, memory.reader(size))
    if imm == isa.BPF_CMPXCHG:
        return _compare_and_exchange(site, memory.reader(size), memory.writer(size), 8 * size)
    if imm == isa.BPF_XCHG:
        return _change(site, lambda _old, src: src)
    return _change(site, TWO_OPERANDS[8 * size][imm & ~isa.BPF_FETCH, 0])


def _store(site: Site, write: Write) -> Step:
    _, dst, src, off, _ = site.instruction
    after = site.next

    def step(registers: list[int]) -> int:
        write(registers[dst] + off, registers[src])
        return after

    return step


def _change(site: Site, compute: Callable[[int, int], int]) -> Step:
    """Memory = memory op src; with the bit FETCH, src = what memory held."""
    opcode, dst, src, off, imm = site.instruction
    size, after, fetch = size_in_bytes(opcode), site.next, imm & isa.BPF_FETCH
    read, write = site.machine.memory.reader(size), site.machine.memory.writer(size)

    def step(registers: list[int]) -> int:
        address = registers[dst] + off
        old = read(address)
        write(address, compute(old, registers[src]))
        if fetch:
            registers[src] = old
        return after

    return step


def _compare_and_exchange(site: Site, read: Read, write: Write, bits: int) -> Step:
    """If memory = r0, memory = src. Either way r0 = what memory held, zeroes above."""
    _, dst, src, off, _ = site.instruction
    mask, after = MASK[bits], site.next

    def step(registers: list[int]) -> int:
        address = registers[dst] + off
        old = read(address)
        write(address, registers[src] if old == registers[0] & mask else old)
        registers[0] = old
        return after

    return step
