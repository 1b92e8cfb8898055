"""Resolve relocations: find the map, function or variable that each instruction refers to.

An object stores code in sections, and the relocations of that code in separate sections. The
meaning of a relocation depends on the symbol's section and on the instruction:

    call,  src 1    a function of the object; if the symbol is undefined, a kernel function
    call +N         a function of the same section, already resolved by the compiler
    lddw            symbol in .maps: a map; in .data, .rodata, .bss: an address in the section;
                    in code: address of a function; undefined: kconfig option or kernel symbol

If the symbol represents a whole section, the instruction contains the offset within the section.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.decode import decode_leniently
from rawbpf.asm.instruction import LD_IMM64, SLOT, Reference
from rawbpf.elf import layout as elf
from rawbpf.elf.faults import stop
from rawbpf.elf.missing import misplaced, undefined
from rawbpf.errors import DecodeError, FormatError
from rawbpf.uapi.bpf_insn import BPF_CALL, BPF_JMP, BPF_PSEUDO_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rawbpf.asm.instruction import Instruction
    from rawbpf.elf.faults import Report
    from rawbpf.elf.read import ObjectFile, Relocation, Section, Symbol
    from rawbpf.specs.object_spec import ExternSpec

__all__ = [
    "Place",
    "References",
    "addend_of",
    "function_symbols",
    "instructions_of",
]

Place = tuple[int, int]
"""A section number, and the byte offset at which a function or map definition starts."""

_CALL = BPF_JMP | BPF_CALL


class References:
    """Resolves relocations to symbolic references.

    ``maps`` maps locations to map names. ``data`` maps section numbers to the names of data
    sections. ``names`` maps the locations of functions to their unique names. ``report`` is called
    with an error for each relocation that cannot be resolved.
    """

    def __init__(
        self,
        file: ObjectFile,
        maps: Mapping[Place, str],
        data: Mapping[int, str],
        externs: Mapping[str, ExternSpec],
        report: Report = stop,
    ) -> None:
        self._report = report
        self._file, self._maps, self._data, self._externs = file, maps, data, externs
        self.names = _names(file)

    def of(
        self, section: Section, instructions: Sequence[Instruction], at: Mapping[int, int]
    ) -> dict[int, Reference]:
        """Return the references of a section, keyed by instruction index.

        ``at`` maps the byte offset of each instruction to its index. Calls that the compiler has
        already resolved are converted to references as well. Raises FormatError if a relocation is
        invalid.
        """
        found = {}
        for (offset, index), one in zip(at.items(), instructions, strict=True):
            if one.opcode == _CALL and one.src == BPF_PSEUDO_CALL:
                found[index] = section.number, offset + SLOT * (1 + one.imm)
        references = {}
        for relocation in self._file.relocations(section):
            if relocation.offset not in at:
                what = f"a relocation in {section.name} points inside an instruction"
                self._report(FormatError(what))
                continue
            index = at[relocation.offset]
            found.pop(index, None)
            try:
                references[index] = self._meaning(relocation, instructions[index])
            except FormatError as fault:
                self._report(fault)
        for index, place in found.items():
            try:
                references[index] = self._function(place)
            except FormatError as fault:
                self._report(fault)
        return references

    def _meaning(self, relocation: Relocation, instruction: Instruction) -> Reference:
        symbol = relocation.symbol
        is_call = instruction.opcode == _CALL
        if not is_call and instruction.opcode != LD_IMM64:
            raise FormatError(
                f"{symbol.name!r} is used by an instruction that is not a load or call"
            )
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
        raise misplaced(symbol.name, self._where(symbol))

    def _extern(self, name: str, *, is_call: bool) -> Reference:
        extern = self._externs.get(name)
        if extern is None:
            raise undefined(name, is_call=is_call)
        if extern.kind == "kconfig" and not is_call:
            return Reference("map_value", ".kconfig", extern.offset)
        return Reference(extern.kind, name)

    def _function(self, place: Place) -> Reference:
        if place not in self.names:
            raise FormatError(
                f"invalid call to offset {place[1]:#x} of section {place[0]}",
                why="no function starts at this offset",
            )
        return Reference("function", self.names[place])

    def _where(self, symbol: Symbol) -> str:
        """Return the name or the number of the symbol's section."""
        if symbol.section >= len(self._file.sections):
            return f"{symbol.section:#x}"
        return self._file.sections[symbol.section].name


def _names(file: ObjectFile) -> dict[Place, str]:
    """Assign each function a unique name.

    Linked files may contain several static functions that have the same name. A section without
    symbols is a single program with the section's name.
    """
    names: dict[Place, str] = {}
    for symbol in function_symbols(file):
        if symbol.value >= len(file.sections[symbol.section].contents):
            raise FormatError(f"function {symbol.name!r} is beyond the end of its section")
        names.setdefault((symbol.section, symbol.value), symbol.name)
    named = {number for number, _ in names}
    for section in file.code():
        if section.number not in named and section.name != ".text":
            names[section.number, 0] = section.name
    taken: set[str] = set()
    for place, name in names.items():
        if name in taken:
            names[place] = f"{name}.{place[0]}.{place[1]}"
        taken.add(names[place])
    return names


def function_symbols(file: ObjectFile) -> list[Symbol]:
    """Return the symbols of an object's functions.

    Compilers before LLVM 6 and handwritten assembly do not mark functions as such (STT_FUNC). In
    code sections without marked functions, every global symbol is a function.
    """
    code = {section.number: section for section in file.code()}
    inside = [one for one in file.symbols if one.section in code and one.name]
    found = [one for one in inside if one.type == elf.STT_FUNC]
    marked = {one.section for one in found}
    return found + [
        one
        for one in inside
        if one.section not in marked
        and one.type == elf.STT_NOTYPE
        and one.binding == elf.STB_GLOBAL
    ]


def instructions_of(section: Section, report: Callable[[DecodeError], object]) -> list[Instruction]:
    """Decode the instructions of a section.

    Calls ``report`` for each invalid instruction, with a DecodeError that has the section's name.
    """
    instructions, faults = decode_leniently(section.contents)
    for fault in faults:
        what = f"section {section.name}: {fault.what}"
        report(DecodeError(what, offset=fault.offset, why=fault.why))
    return instructions


def addend_of(instruction: Instruction) -> int:
    """Return a 64-bit load's first imm field, which is a signed addend to the symbol's address."""
    low = instruction.imm & 0xFFFF_FFFF
    return low - (low >> 31 << 32)
