"""The functions of an object, each by itself: instructions, and by name what they refer to.

An object keeps code by sections, with relocations beside it. What one of them means is told by
the symbol's section and by the instruction that waits:

    call,  src 1    a function here -> its name; an undefined symbol -> a function of the kernel
    call +N         a function of the same section, which the compiler found itself
    lddw            .maps -> a map; .data, .rodata, .bss -> a place in the section's only value;
                    code -> a function's address; undefined -> a setting, or a kernel symbol

A symbol may be a section's own; then the place in it is in the instruction.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from rawbpf.asm.instruction import SLOT, Instruction, decode_all
from rawbpf.asm.opcode import LD_IMM64
from rawbpf.asm.program import Function, Program, Reference
from rawbpf.elf import layout as elf
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
    from rawbpf.elf.read import ObjectFile, Relocation, Section, Symbol
    from rawbpf.elf.records import Records
    from rawbpf.specs.extern_spec import ExternSpec

__all__ = ["CodeReader", "Place"]

Place = tuple[int, int]
"""Section number and byte: where a function begins, or a map's definition."""

_CALL = BPF_JMP | BPF_CALL
_LOW_HALF = 0xFFFF_FFFF


class CodeReader:
    """Takes the sections of code apart.

    ``maps``: names by place; ``data``: names of the sections that become maps, by number.
    """

    def __init__(
        self,
        file: ObjectFile,
        records: Records,
        maps: dict[Place, str],
        data: dict[int, str],
        externs: dict[str, ExternSpec],
    ) -> None:
        self._file, self._records = file, records
        self._maps, self._data, self._externs = maps, data, externs
        self.names = _names(file)
        self._starts: dict[int, list[int]] = {}
        for number, start in sorted(self.names):
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
        instructions = _decode(section)
        at = {start: index for index, start in enumerate(_offsets(instructions))}
        references = self._references(section, instructions, at)
        bounds = [*starts, len(section.contents)]
        if any(start not in at for start in starts):
            raise FormatError(f"a function of section {section.name} begins within an instruction")
        indices = [*(at[start] for start in starts), len(instructions)]
        order = sorted(references)
        return {
            (section.number, start): self._unit(
                section, start, instructions[first:end], _part(references, order, first, end)
            )
            for start, first, end in zip(starts, indices, indices[1:], strict=False)
            if start < bounds[-1]
        }

    def _unit(
        self,
        section: Section,
        start: int,
        instructions: list[Instruction],
        references: dict[int, Reference],
    ) -> Program:
        offsets = [start + offset for offset in _offsets(instructions)]
        records = self._records.of(section.name)
        name = self.names[section.number, start]
        return Program(
            name,
            tuple(_prepared(one, references.get(i)) for i, one in enumerate(instructions)),
            records.sources(offsets),
            references,
            (Function(name, 0, records.types.get(start, 0)),),
            {
                i: records.relocations[at]
                for i, at in enumerate(offsets)
                if at in records.relocations
            },
        )

    def _references(
        self, section: Section, instructions: list[Instruction], at: dict[int, int]
    ) -> dict[int, Reference]:
        """By index. Calls that the compiler resolved become names again, too."""
        found = {}
        for offset, index in at.items():
            instruction = instructions[index]
            if instruction.opcode == _CALL and instruction.src == BPF_PSEUDO_CALL:
                place = section.number, offset + SLOT * (1 + instruction.imm)
                found[index] = place
        references = {}
        for relocation in self._file.relocations(section):
            if relocation.offset not in at:
                raise FormatError(f"a relocation of {section.name} is within an instruction")
            index = at[relocation.offset]
            references[index] = self._meaning(relocation, instructions[index])
            found.pop(index, None)
        for index, place in found.items():
            references[index] = self._function(place)
        return references

    def _meaning(self, relocation: Relocation, instruction: Instruction) -> Reference:
        symbol = relocation.symbol
        is_call = instruction.opcode == _CALL
        if not is_call and instruction.opcode != LD_IMM64:
            raise FormatError(f"{symbol.name!r} is put into an instruction that is no load or call")
        if symbol.section == elf.SHN_UNDEF:
            return self._extern(symbol.name, is_call=is_call)
        addend = SLOT * (instruction.imm + 1) if is_call else _low(instruction)
        place = symbol.section, symbol.value + addend
        if is_call or place in self.names:
            return self._function(place)
        if place in self._maps:
            return Reference("map", self._maps[place])
        if symbol.section in self._data:
            return Reference("map_value", self._data[symbol.section], place[1])
        raise FormatError(
            f"the code refers to {symbol.name!r}", why=f"it is in {self._where(symbol)}"
        )

    def _extern(self, name: str, *, is_call: bool) -> Reference:
        extern = self._externs.get(name)
        if extern is None:
            raise FormatError(
                f"the code refers to {name!r}",
                why="it is defined nowhere",
                fix="declare it with __ksym or __kconfig, or link the object that has it",
            )
        if extern.kind == "kconfig" and not is_call:
            return Reference("map_value", ".kconfig", extern.offset)
        return Reference(extern.kind, name)

    def _function(self, place: Place) -> Reference:
        if place not in self.names:
            raise FormatError(f"a call leads to {place[1]:#x} of section {place[0]}", why=_NOTHING)
        return Reference("function", self.names[place])

    def _where(self, symbol: Symbol) -> str:
        if symbol.section >= len(self._file.sections):
            return f"section {symbol.section:#x}"
        return f"section {self._file.sections[symbol.section].name}"


_NOTHING = "no function begins there"


def _names(file: ObjectFile) -> dict[Place, str]:
    """The functions: a name for each place, no two alike. Static ones of linked files may be."""
    code = {section.number: section for section in file.code()}
    names: dict[Place, str] = {}
    for symbol in file.symbols:
        place = symbol.section, symbol.value
        if symbol.type != elf.STT_FUNC or symbol.section not in code or place in names:
            continue
        if symbol.value >= len(code[symbol.section].contents):
            raise FormatError(f"function {symbol.name!r} is not in its section")
        names[place] = symbol.name
    taken: set[str] = set()
    for place, name in names.items():
        if name in taken:
            names[place] = f"{name}.{place[0]}.{place[1]}"
        taken.add(names[place])
    return names


def _decode(section: Section) -> list[Instruction]:
    try:
        return decode_all(section.contents)
    except DecodeError as error:
        what = f"section {section.name}: {error.what}"
        raise DecodeError(what, offset=error.offset, why=error.why) from None


def _offsets(instructions: list[Instruction]) -> list[int]:
    """Where each begins, in bytes."""
    offsets, offset = [], 0
    for instruction in instructions:
        offsets.append(offset)
        offset += SLOT * instruction.slots
    return offsets


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


def _prepared(instruction: Instruction, reference: Reference | None) -> Instruction:
    """The instruction as a loader wants it: ``src`` says what the number will be."""
    if reference is None:
        return instruction
    if instruction.opcode == _CALL:
        kind = BPF_PSEUDO_KFUNC_CALL if reference.kind == "kfunc" else BPF_PSEUDO_CALL
        return instruction._replace(src=kind, imm=0)
    return instruction._replace(src=_SRC.get(reference.kind, 0), imm=0)


def _low(instruction: Instruction) -> int:
    low = instruction.imm & _LOW_HALF
    return low - (low >> 31 << 32)
