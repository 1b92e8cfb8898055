"""Steps of class LD: 64-bit constants, and the packet access inherited from classic BPF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.opcode import LD_IMM64, mode, size_in_bytes
from rawbpf.machine.arithmetic import MASK, signed
from rawbpf.machine.site import unsupported
from rawbpf.machine.unset import CLOBBERED
from rawbpf.uapi import bpf_insn as isa

if TYPE_CHECKING:
    from rawbpf.machine.site import Site, Step

__all__ = ["constant"]

_MAPS = (isa.BPF_PSEUDO_MAP_FD, isa.BPF_PSEUDO_MAP_IDX)
_MAP_VALUES = (isa.BPF_PSEUDO_MAP_VALUE, isa.BPF_PSEUDO_MAP_IDX_VALUE)


def constant(site: Site) -> Step:
    """The step of an instruction of class LD."""
    opcode, dst, src, _, imm = site.instruction
    if opcode != LD_IMM64:
        return _packet(site)
    if src in _MAPS:
        return _set(dst, site.machine.maps.address(_map_name(site)), site.next)
    if src in _MAP_VALUES:
        return _map_value(site)
    if src == isa.BPF_PSEUDO_FUNC:
        function = site.function(signed(imm, 32))
        return _set(dst, site.machine.code.function_address(function), site.next)
    if src == isa.BPF_PSEUDO_BTF_ID:
        name = repr(site.reference.name) if site.reference else f"with BTF id {imm}"
        return unsupported(f"takes the address of kernel variable {name}", "there is no kernel")
    return _set(dst, imm, site.next)


def _set(dst: int, value: int, after: int) -> Step:
    def step(registers: list[int]) -> int:
        registers[dst] = value
        return after

    return step


def _map_name(site: Site) -> str | int:
    """The map's name; its number, where the program came without names."""
    return site.reference.name if site.reference else site.instruction.imm & MASK[32]


def _map_value(site: Site) -> Step:
    """The address of the value of a map that has only one, and an offset into it."""
    machine, name, dst, after = site.machine, _map_name(site), site.instruction.dst, site.next
    high = site.reference.addend if site.reference else site.instruction.imm >> 32
    machine.maps.address(name)  # complains at once if there is no such map

    def step(registers: list[int]) -> int:
        registers[dst] = (machine.maps.only_value_address(name) + high) & MASK[64]
        return after

    return step


def _packet(site: Site) -> Step:
    """r0 = bytes of the packet, in the order of the network; beyond its end the function ends.

    r6 must hold the context, as the verifier demands. r1 to r5 are destroyed, as by any call.
    """
    opcode, _, src, _, imm = site.instruction
    indirect, size = mode(opcode) == isa.BPF_IND, size_in_bytes(opcode)
    machine, after = site.machine, site.next

    def step(registers: list[int]) -> int:
        machine.require_context(registers[6], "r6")
        offset = signed(registers[src] + imm, 32) if indirect else imm
        data = machine.packet_bytes(offset, size)
        registers[1:6] = CLOBBERED[1:6]
        if data is None:
            registers[0] = 0
            return machine.frames.leave()
        registers[0] = int.from_bytes(data, "big")
        return after

    return step
