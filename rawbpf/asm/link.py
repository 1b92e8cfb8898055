"""Link a program with the functions that it calls, or split the result for an ELF file.

The kernel expects a single sequence of instructions: the program, followed by one copy of every
function that it reaches. In linked code, a call encodes the distance to the called function. An
object file stores every function separately, shared by all programs, and a call refers to the
function by name.

    program ─ call f ─┐         program ─ call +12 ─┐
    f  <──────────────┘   <->   f  <────────────────┘
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.asm.instruction import LD_IMM64, Instruction, Reference, slots_of
from rawbpf.errors import BytecodeError
from rawbpf.uapi.bpf_insn import BPF_CALL, BPF_JMP, BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["callee", "link", "split"]

_LOW_HALF = 0xFFFF_FFFF


def link(program: Bytecode, functions: Mapping[str, Bytecode]) -> Bytecode:
    """Return the program followed by all functions that it reaches.

    Raises BytecodeError if the program calls a function that is missing from ``functions``.

    >>> call = Instruction(0x85, src=1, reference=Reference("function", "f"))
    >>> main = Bytecode("main", (call, Instruction(0x95)))
    >>> f = Bytecode("f", (Instruction(0xB7), Instruction(0x95)))
    >>> link(main, {"f": f}).instructions[0].imm
    1
    """
    units, start, slot = _reached(program, functions), {}, 0
    for unit in units:
        start[unit.name] = slot
        slot += unit.slots
    linked = [one for unit in units for one in unit.instructions]
    slots = slots_of(linked)
    for index, one in enumerate(linked):
        if one.reference is not None and one.reference.kind == "function":
            linked[index] = _aimed(one, start[one.reference.name] - (slots[index] + 1))
    placed = (Function(unit.name, start[unit.name], _type_id(unit)) for unit in units)
    return Bytecode(program.name, tuple(linked), tuple(placed))


def _reached(program: Bytecode, functions: Mapping[str, Bytecode]) -> list[Bytecode]:
    """Return the program followed by the functions in the order of their first call."""
    units, names = [program], {program.name}
    for unit in units:  # the list grows during the loop
        for one in unit.instructions:
            reference = one.reference
            if reference is None or reference.kind != "function" or reference.name in names:
                continue
            if reference.name not in functions:
                where = one.source or unit.name
                raise BytecodeError(f"no function {reference.name!r}", why=f"called at {where}")
            names.add(reference.name)
            units.append(functions[reference.name])
    return units


def _type_id(unit: Bytecode) -> int:
    """Return the BTF ID of the function with which the unit starts."""
    return unit.functions[0].type_id if unit.functions else 0


def split(program: Bytecode) -> list[Bytecode]:
    """Undo ``link``: return the program and its functions, which call each other by name."""
    functions = program.functions or (Function(program.name, 0),)
    names = {one.slot: one.name for one in functions}
    slots = slots_of(program.instructions)
    named = [
        _named(one, slot, names) for one, slot in zip(program.instructions, slots, strict=False)
    ]
    bounds = [*(slots.index(one.slot) for one in functions), len(named)]
    return [
        Bytecode(one.name, tuple(named[first:end]), (one._replace(slot=0),))
        for one, first, end in zip(functions, bounds, bounds[1:], strict=False)
    ]


def _named(instruction: Instruction, slot: int, names: Mapping[int, str]) -> Instruction:
    """Return a call with the function's name instead of its distance; others are unchanged."""
    target = callee(instruction, slot)
    if target is None or target not in names:
        return instruction
    reference = Reference("function", names[target])
    return _aimed(instruction, 0)._replace(reference=reference)


def callee(instruction: Instruction, slot: int) -> int | None:
    """Return the slot of the function that an instruction calls or takes the address of.

    ``slot`` is the slot of ``instruction``. Returns None for all other instructions.
    """
    if instruction.opcode == BPF_JMP | BPF_CALL and instruction.src == BPF_PSEUDO_CALL:
        return slot + 1 + instruction.imm
    if instruction.opcode == LD_IMM64 and instruction.src == BPF_PSEUDO_FUNC:
        low = instruction.imm & _LOW_HALF
        return slot + 1 + low - (low >> 31 << 32)
    return None


def _aimed(instruction: Instruction, distance: int) -> Instruction:
    """Return the call or address load with the distance to the function instead of its name."""
    wide = instruction.opcode == LD_IMM64
    return instruction._replace(imm=distance & _LOW_HALF if wide else distance, reference=None)
