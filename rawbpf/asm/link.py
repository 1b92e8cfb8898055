"""Functions and the programs that call them: joined for the kernel, cut apart for an object file.

The kernel takes one run of instructions: the program first, behind it every function that it
reaches, each once; a call holds the distance. An object file keeps each function by itself, once
for all programs; a call holds a name.

    program ─ call f ─┐         program ─ call +12 ─┐
    f  <──────────────┘   <->   f  <────────────────┘
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.instruction import slots_of
from rawbpf.asm.opcode import LD_IMM64
from rawbpf.asm.program import Function, Program, Reference, Source
from rawbpf.errors import BytecodeError
from rawbpf.uapi.bpf_insn import BPF_CALL, BPF_JMP, BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rawbpf.asm.instruction import Instruction
    from rawbpf.btf.ext_info import CoreRelo

__all__ = ["callee", "link", "split"]

_LOW_HALF = 0xFFFF_FFFF


def link(program: Program, functions: Mapping[str, Program]) -> Program:
    """The program with all functions that it reaches behind it.

    BytecodeError when it calls one that is not in ``functions``.

    >>> from rawbpf.asm import Instruction
    >>> call, leave = Instruction(0x85, src=1), Instruction(0x95)
    >>> main = Program("main", (call, leave), references={0: Reference("function", "f")})
    >>> link(main, {"f": Program("f", (Instruction(0xB7), leave))}).instructions[0].imm
    1
    """
    units, start, slot = _reached(program, functions), {}, 0
    for unit in units:
        start[unit.name] = slot
        slot += unit.slots
    joined = _join(program.name, units)
    resolved, references = list(joined.instructions), {}
    slots = slots_of(joined.instructions)
    for index, reference in joined.references.items():
        if reference.kind == "function":
            distance = start[reference.name] - (slots[index] + 1)
            resolved[index] = _aim(resolved[index], distance)
        else:
            references[index] = reference
    return joined._replace(instructions=tuple(resolved), references=references)


def _reached(program: Program, functions: Mapping[str, Program]) -> list[Program]:
    """The program, then the functions in the order in which they are first called."""
    units, names = [program], {program.name}
    for unit in units:  # grows while we go
        for index in sorted(unit.references):
            reference = unit.references[index]
            if reference.kind != "function" or reference.name in names:
                continue
            if reference.name not in functions:
                where = unit.sources[index] if unit.sources else unit.name
                raise BytecodeError(f"no function {reference.name!r}", why=f"called at {where}")
            names.add(reference.name)
            units.append(functions[reference.name])
    return units


def _join(name: str, units: Iterable[Program]) -> Program:
    """Units one behind the other; what they refer to is kept."""
    instructions: list[Instruction] = []
    sources: list[Source | None] = []
    references: dict[int, Reference] = {}
    relocations: dict[int, CoreRelo] = {}
    functions, slot = [], 0
    for unit in units:
        start = len(instructions)
        references |= {start + index: one for index, one in unit.references.items()}
        relocations |= {start + index: one for index, one in unit.relocations.items()}
        functions.append(Function(unit.name, slot, _type_id(unit)))
        instructions += unit.instructions
        sources += unit.sources or (None,) * len(unit.instructions)
        slot += unit.slots
    return Program(
        name, tuple(instructions), tuple(sources), references, tuple(functions), relocations
    )


def _type_id(unit: Program) -> int:
    """The BTF id of the unit's own function."""
    return unit.functions[0].type_id if unit.functions else 0


def split(program: Program) -> list[Program]:
    """The opposite of ``link``: the program alone, then each of its functions, calls by name."""
    starts = [function.slot for function in program.functions] or [0]
    names = [function.name for function in program.functions] or [program.name]
    types = [function.type_id for function in program.functions] or [0]
    slots = slots_of(program.instructions)
    bounds = [*(slots.index(start) for start in starts), len(program.instructions)]
    by_slot = dict(zip(starts, names, strict=True))
    references = dict(program.references)
    bare = list(program.instructions)
    for index, instruction in enumerate(bare):
        target = callee(instruction, slots[index])
        if target in by_slot:
            references[index] = Reference("function", by_slot[target])
            bare[index] = _aim(instruction, 0)
    return [
        Program(
            name,
            tuple(bare[first:end]),
            program.sources[first:end],
            {i - first: references[i] for i in sorted(references) if first <= i < end},
            (Function(name, 0, type_id),),
            {i - first: one for i, one in program.relocations.items() if first <= i < end},
        )
        for name, type_id, first, end in zip(names, types, bounds, bounds[1:], strict=False)
    ]


def callee(instruction: Instruction, slot: int) -> int | None:
    """The slot of the function that the instruction at ``slot`` calls, or takes the address of."""
    if instruction.opcode == BPF_JMP | BPF_CALL and instruction.src == BPF_PSEUDO_CALL:
        return slot + 1 + instruction.imm
    if instruction.opcode == LD_IMM64 and instruction.src == BPF_PSEUDO_FUNC:
        low = instruction.imm & _LOW_HALF
        return slot + 1 + low - (low >> 31 << 32)
    return None


def _aim(instruction: Instruction, distance: int) -> Instruction:
    """The call or the address with its distance."""
    wide = instruction.opcode == LD_IMM64
    return instruction._replace(imm=distance & _LOW_HALF if wide else distance)
