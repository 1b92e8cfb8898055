"""Decode instructions of the classes LD, LDX, ST and STX: constants, loads, stores and atomics.

Each step has its own reader or writer of memory (`memory.py`). Only one program runs at a time, so
every instruction is trivially atomic and ordered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.instruction import LD_IMM64
from rawbpf.machine.arithmetic import MASK, TWO_OPERANDS, signed
from rawbpf.machine.site import unsupported
from rawbpf.machine.unset import CLOBBERED
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import mode, size_in_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.machine.code import Step
    from rawbpf.machine.site import Site

    Read = Callable[[int], int]
    Write = Callable[[int, int], None]

__all__ = ["constant", "load", "store", "store_number"]

_MAPS = (isa.BPF_PSEUDO_MAP_FD, isa.BPF_PSEUDO_MAP_IDX)
_MAP_VALUES = (isa.BPF_PSEUDO_MAP_VALUE, isa.BPF_PSEUDO_MAP_IDX_VALUE)


def load(site: Site) -> Step:
    """Return the step for class LDX, which computes dst = memory at src + off."""
    opcode = site.instruction.opcode
    sign_extend = mode(opcode) == isa.BPF_MEMSX
    return _load(site, site.state.memory.reader(size_in_bytes(opcode), signed=sign_extend))


def _load(site: Site, read: Read) -> Step:
    _, dst, src, off, _ = site.instruction[:5]
    mask, after = MASK[64], site.next

    def step(registers: list[int]) -> int:
        registers[dst] = read(registers[src] + off) & mask
        return after

    return step


def store_number(site: Site) -> Step:
    """Return the step for class ST, which stores imm in memory at dst + off."""
    opcode, dst, _, off, imm = site.instruction[:5]
    write, after = site.state.memory.writer(size_in_bytes(opcode)), site.next

    def step(registers: list[int]) -> int:
        write(registers[dst] + off, imm)
        return after

    return step


def store(site: Site) -> Step:
    """Return the step for class STX: an atomic operation, or a store of src at dst + off."""
    opcode, *_, imm = site.instruction[:5]
    memory, size = site.state.memory, size_in_bytes(opcode)
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
    _, dst, src, off, _ = site.instruction[:5]
    after = site.next

    def step(registers: list[int]) -> int:
        write(registers[dst] + off, registers[src])
        return after

    return step


def _change(site: Site, compute: Callable[[int, int], int]) -> Step:
    """Compute memory = memory op src; with BPF_FETCH, src receives the old value."""
    opcode, dst, src, off, imm = site.instruction[:5]
    size, after, fetch = size_in_bytes(opcode), site.next, imm & isa.BPF_FETCH
    read, write = site.state.memory.reader(size), site.state.memory.writer(size)

    def step(registers: list[int]) -> int:
        address = registers[dst] + off
        old = read(address)
        write(address, compute(old, registers[src]))
        if fetch:
            registers[src] = old
        return after

    return step


def _compare_and_exchange(site: Site, read: Read, write: Write, bits: int) -> Step:
    """Store src in memory if memory equals r0. r0 always receives the old value, zero-extended."""
    _, dst, src, off, _ = site.instruction[:5]
    mask, after = MASK[bits], site.next

    def step(registers: list[int]) -> int:
        address = registers[dst] + off
        old = read(address)
        write(address, registers[src] if old == registers[0] & mask else old)
        registers[0] = old
        return after

    return step


def constant(site: Site) -> Step:
    """Return the step for class LD: a 64-bit constant or a packet access from classic BPF."""
    opcode, dst, src, _, imm = site.instruction[:5]
    if opcode != LD_IMM64:
        return _packet(site)
    if src in _MAPS:
        return _set(dst, site.state.maps.address(_map_name(site)), site.next)
    if src in _MAP_VALUES:
        return _map_value(site)
    if src == isa.BPF_PSEUDO_FUNC:
        function = site.function(signed(imm, 32))
        return _set(dst, site.state.code.function_address(function), site.next)
    if src == isa.BPF_PSEUDO_BTF_ID:
        name = repr(site.reference.name) if site.reference else f"with BTF id {imm}"
        return unsupported(
            f"takes the address of kernel variable {name}",
            ("the interpreter does not provide kernel memory"),
        )
    return _set(dst, imm, site.next)


def _set(dst: int, value: int, after: int) -> Step:
    def step(registers: list[int]) -> int:
        registers[dst] = value
        return after

    return step


def _map_name(site: Site) -> str | int:
    """Return the map's name, or its number if the program does not name its maps."""
    return site.reference.name if site.reference else site.instruction.imm & MASK[32]


def _map_value(site: Site) -> Step:
    """Set dst to an address inside the value of a one-element map."""
    state, name, dst, after = site.state, _map_name(site), site.instruction.dst, site.next
    high = site.reference.addend if site.reference else site.instruction.imm >> 32
    state.maps.address(name)  # raises an error immediately if the map does not exist

    def step(registers: list[int]) -> int:
        registers[dst] = (state.maps.only_value_address(name) + high) & MASK[64]
        return after

    return step


def _packet(site: Site) -> Step:
    """Load packet bytes into r0 in network byte order.

    If the bytes are past the end of the packet, the function returns 0.

    As the verifier requires, r6 must contain the context; like a call, the instruction clobbers r1
    to r5.
    """
    opcode, _, src, _, imm = site.instruction[:5]
    indirect, size = mode(opcode) == isa.BPF_IND, size_in_bytes(opcode)
    state, after = site.state, site.next

    def step(registers: list[int]) -> int:
        state.require_context(registers[6], "r6")
        offset = signed(registers[src] + imm, 32) if indirect else imm
        data = state.packet_bytes(offset, size)
        registers[1:6] = CLOBBERED[1:6]
        if data is None:
            registers[0] = 0
            return state.frames.leave()
        registers[0] = int.from_bytes(data, "big")
        return after

    return step
