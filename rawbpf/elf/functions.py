"""An object's functions, made of instructions with references, source lines and CO-RE records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.asm.instruction import SLOT, Reference, slots_of
from rawbpf.elf.faults import stop
from rawbpf.elf.references import instructions_of
from rawbpf.errors import DecodeError, FormatError
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
    from collections.abc import Mapping, Sequence

    from rawbpf.asm.instruction import Instruction
    from rawbpf.elf.faults import Report
    from rawbpf.elf.read import ObjectFile, Section
    from rawbpf.elf.records import Records
    from rawbpf.elf.references import Place, References

__all__ = ["CodeReader"]

_CALL = BPF_JMP | BPF_CALL


class CodeReader:
    """Splits the code sections into functions."""

    def __init__(
        self, file: ObjectFile, records: Records, references: References, report: Report = stop
    ) -> None:
        self._report = report
        self._file, self._records, self._references = file, records, references
        self._starts: dict[int, list[int]] = {}
        for number, start in sorted(references.names):
            self._starts.setdefault(number, []).append(start)

    def functions(self) -> dict[Place, Bytecode]:
        """Return all functions, keyed by their location.

        Raises FormatError if the object is damaged; other faults are reported.
        """
        found: dict[Place, Bytecode] = {}
        for section in self._file.code():
            found |= self._section(section)
        return found

    def _section(self, section: Section) -> dict[Place, Bytecode]:
        starts = self._starts.get(section.number, [])
        if not starts:
            return {}
        faults: list[DecodeError] = []
        instructions = instructions_of(section, faults.append)
        at = {SLOT * slot: index for index, slot in enumerate(slots_of(instructions)[:-1])}
        records = self._records.of(section.name)
        complete = records.added_to(instructions, at)
        for fault in faults:
            self._report(_with_source(fault, complete, at))
        references = self._references.of(section, instructions, at)
        if any(start not in at for start in starts):
            raise FormatError(f"a function in section {section.name} starts inside an instruction")
        for index, reference in references.items():
            complete[index] = _prepared(complete[index], reference)
        indices = [*(at[start] for start in starts), len(instructions)]
        return {
            (section.number, start): Bytecode(
                name := self._references.names[section.number, start],
                tuple(complete[first:end]),
                (Function(name, 0, records.types.get(start, 0)),),
            )
            for start, first, end in zip(starts, indices, indices[1:], strict=False)
        }


def _with_source(
    fault: DecodeError, instructions: Sequence[Instruction], at: Mapping[int, int]
) -> DecodeError:
    """Return the error with the instruction's source line, if the line is known."""
    source = instructions[at[fault.offset]].source if fault.offset in at else None
    if source is None:
        return fault
    why = f"{fault.why}; " if fault.why else ""
    return DecodeError(
        fault.what, offset=fault.offset, why=f"{why}{source} {source.read()}".rstrip()
    )


_SRC = {
    "map": BPF_PSEUDO_MAP_FD,
    "map_value": BPF_PSEUDO_MAP_VALUE,
    "function": BPF_PSEUDO_FUNC,
}


def _prepared(instruction: Instruction, reference: Reference) -> Instruction:
    """Return the instruction with its reference; ``src`` is the kind of number to fill in."""
    if instruction.opcode == _CALL:
        kind = BPF_PSEUDO_KFUNC_CALL if reference.kind == "kfunc" else BPF_PSEUDO_CALL
        return instruction._replace(src=kind, imm=0, reference=reference)
    src = _SRC.get(reference.kind, 0)
    return instruction._replace(src=src, imm=0, reference=reference)
