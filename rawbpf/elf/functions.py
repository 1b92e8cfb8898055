"""The functions of an object, each by itself: instructions, and by name what they refer to."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from rawbpf.asm.instruction import SLOT, slots_of
from rawbpf.asm.program import Function, Program, Reference
from rawbpf.elf.instructions import instructions_of
from rawbpf.errors import FormatError
from rawbpf.uapi.bpf_insn import (
    BPF_CALL,
    BPF_JMP,
    BPF_PSEUDO_CALL,
    BPF_PSEUDO_FUNC,
    BPF_PSEUDO_KFUNC_CALL,
    BPF_PSEUDO_MAP_FD,
    BPF_PSEUDO_MAP_VALUE,
)

if TYPE_CHECKING:
    from rawbpf.asm.instruction import Instruction
    from rawbpf.elf.read import ObjectFile, Section
    from rawbpf.elf.records import Records
    from rawbpf.elf.references import Place, References

__all__ = ["CodeReader"]

_CALL = BPF_JMP | BPF_CALL


class CodeReader:
    """Takes the sections of code apart."""

    def __init__(self, file: ObjectFile, records: Records, references: References) -> None:
        self._file, self._records, self._references = file, records, references
        self._starts: dict[int, list[int]] = {}
        for number, start in sorted(references.names):
            self._starts.setdefault(number, []).append(start)

    def functions(self) -> dict[Place, Program]:
        """Every function, by its place."""
        found: dict[Place, Program] = {}
        for section in self._file.code():
            found |= self._section(section)
        return found

    def _section(self, section: Section) -> dict[Place, Program]:
        starts = self._starts.get(section.number, [])
        if not starts:
            return {}
        instructions = instructions_of(section)
        offsets = _offsets(instructions)
        at = {start: index for index, start in enumerate(offsets)}
        references = self._references.of(section, instructions, at)
        if any(start not in at for start in starts):
            raise FormatError(f"a function of section {section.name} begins within an instruction")
        indices = [*(at[start] for start in starts), len(instructions)]
        order = sorted(references)
        return {
            (section.number, start): self._unit(
                section,
                offsets[first:end],
                instructions[first:end],
                _part(references, order, first, end),
            )
            for start, first, end in zip(starts, indices, indices[1:], strict=False)
        }

    def _unit(
        self,
        section: Section,
        offsets: list[int],
        instructions: list[Instruction],
        references: dict[int, Reference],
    ) -> Program:
        prepared = list(instructions)
        for index, reference in references.items():
            prepared[index] = _prepared(instructions[index], reference)
        start = offsets[0]
        records = self._records.of(section.name)
        name = self._references.names[section.number, start]
        return Program(
            name,
            tuple(prepared),
            records.sources(offsets),
            references,
            (Function(name, 0, records.types.get(start, 0)),),
            {
                i: records.relocations[at]
                for i, at in enumerate(offsets)
                if at in records.relocations
            },
        )


def _offsets(instructions: list[Instruction]) -> list[int]:
    """Where each begins, in bytes."""
    return [SLOT * slot for slot in slots_of(instructions)[:-1]]


def _part(
    references: dict[int, Reference], order: list[int], first: int, end: int
) -> dict[int, Reference]:
    """Those of the instructions from ``first`` to ``end``; ``order``: their indices, sorted."""
    indices = order[bisect_left(order, first) : bisect_left(order, end)]
    return {i - first: references[i] for i in indices}


_SRC = {
    "map": BPF_PSEUDO_MAP_FD,
    "map_value": BPF_PSEUDO_MAP_VALUE,
    "function": BPF_PSEUDO_FUNC,
}


def _prepared(instruction: Instruction, reference: Reference) -> Instruction:
    """The instruction as a loader wants it: ``src`` says what the number will be."""
    if instruction.opcode == _CALL:
        kind = BPF_PSEUDO_KFUNC_CALL if reference.kind == "kfunc" else BPF_PSEUDO_CALL
        return instruction._replace(src=kind, imm=0)
    return instruction._replace(src=_SRC.get(reference.kind, 0), imm=0)
