"""Decode instructions into steps, depending on their class.

>>> sorted(DECODERS) == list(range(8))
True
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.forms import form_of
from rawbpf.asm.instruction import SLOT, slots_of
from rawbpf.errors import DecodeError
from rawbpf.machine.decode_arithmetic import arithmetic
from rawbpf.machine.decode_flow import flow
from rawbpf.machine.decode_memory import constant, load, store, store_number
from rawbpf.machine.site import Site, unsupported
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import instruction_class

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.machine.code import Step
    from rawbpf.machine.state import State

__all__ = ["DECODERS", "decode"]

DECODERS: dict[int, Callable[[Site], Step]] = {
    isa.BPF_LD: constant,
    isa.BPF_LDX: load,
    isa.BPF_ST: store_number,
    isa.BPF_STX: store,
    isa.BPF_ALU: arithmetic,
    isa.BPF_JMP: flow,
    isa.BPF_JMP32: flow,
    isa.BPF_ALU64: arithmetic,
}
"""Maps an instruction class to its decoder."""


def decode(program: Bytecode, state: State, start: int) -> list[Step]:
    """Return one step per instruction; the first instruction gets the index ``start``.

    An additional step at the end catches programs that run past their last instruction. The step of
    an invalid instruction raises MachineError. Raises MachineError if a jump leaves the program or
    an instruction refers to a map that does not exist.
    """
    slots = slots_of(program.instructions)[:-1]
    targets = {slot: start + number for number, slot in enumerate(slots)}
    steps = []
    for (slot, index), instruction in zip(targets.items(), program.instructions, strict=True):
        try:
            form_of(instruction, SLOT * slot)
        except DecodeError as fault:
            steps.append(
                unsupported(fault.what, fault.why or "the instruction set does not define it")
            )
            continue
        site = Site(state, program, instruction, index, slot, targets)
        steps.append(DECODERS[instruction_class(instruction.opcode)](site))
    steps.append(
        unsupported("runs off the end of the program", "the last instruction is not an exit")
    )
    return steps
