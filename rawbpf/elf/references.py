"""What the instructions of an object refer to, by name.

An object keeps code by sections, with relocations beside it. What one of them means is told by
the symbol's section and by the instruction that waits:

    call,  src 1    a function here -> its name; an undefined symbol -> a function of the kernel
    call +N         a function of the same section, which the compiler found itself
    lddw            .maps -> a map; .data, .rodata, .bss -> a place in the section's only value;
                    code -> a function's address; undefined -> a setting, or a kernel symbol

A symbol may be a section's own; then the place in it is in the instruction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.instruction import LD_IMM64, SLOT, Reference
from rawbpf.elf import layout as elf
from rawbpf.elf.instructions import addend_of
from rawbpf.errors import FormatError
from rawbpf.uapi.bpf_insn import BPF_CALL, BPF_JMP, BPF_PSEUDO_CALL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rawbpf.asm.instruction import Instruction
    from rawbpf.elf.read import ObjectFile, Relocation, Section, Symbol
    from rawbpf.specs.object_spec import ExternSpec

__all__ = ["Place", "References"]

Place = tuple[int, int]
"""Section number and byte: where a function begins, or a map's definition."""

_CALL = BPF_JMP | BPF_CALL
_NOTHING = "no function begins there"


class References:
    """Finds names. ``maps``: by place; ``data``: of the sections that become maps, by number.

    ``names``: those of the functions, by place, no two alike.
    """

    def __init__(
        self,
        file: ObjectFile,
        maps: Mapping[Place, str],
        data: Mapping[int, str],
        externs: Mapping[str, ExternSpec],
    ) -> None:
        self._file, self._maps, self._data, self._externs = file, maps, data, externs
        self.names = _names(file)

    def of(
        self, section: Section, instructions: Sequence[Instruction], at: Mapping[int, int]
    ) -> dict[int, Reference]:
        """By index; ``at``: byte -> index. Calls that the compiler resolved become names, too."""
        found = {}
        for (offset, index), one in zip(at.items(), instructions, strict=True):
            if one.opcode == _CALL and one.src == BPF_PSEUDO_CALL:
                found[index] = section.number, offset + SLOT * (1 + one.imm)
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
        addend = SLOT * (instruction.imm + 1) if is_call else addend_of(instruction)
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
