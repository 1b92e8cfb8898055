"""An object's code for display, with functions, symbol names and source lines."""

from __future__ import annotations

import sys
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from rawbpf.asm.decode import decode_leniently
from rawbpf.asm.instruction import LD_IMM64, SLOT, Source, slots_of
from rawbpf.btf.ext_info import decode_ext_info
from rawbpf.btf.header import decode_header
from rawbpf.btf.strings import Strings
from rawbpf.elf import layout as elf
from rawbpf.elf.references import addend_of, function_symbols

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.asm.instruction import Instruction
    from rawbpf.elf.read import ObjectFile, Relocation, Section, Symbol
    from rawbpf.errors import DecodeError

__all__ = ["CodeSection", "code_sections", "marked"]

T = TypeVar("T")


class CodeSection(NamedTuple):
    """A code section to display.

    All dictionaries are keyed by slot.

    ``functions`` maps a function's first slot to its name. ``symbols`` maps a slot to the symbol
    its instruction refers to, such as "events" or "config + 8". ``sources`` maps a slot to the
    source line that starts there. ``texts`` maps a slot to the text of an instruction that only the
    kernel generates (``asm.internal``). ``faults`` lists the invalid instructions.
    """

    name: str
    instructions: list[Instruction]
    functions: dict[int, str]
    symbols: dict[int, str]
    sources: dict[int, Source]
    texts: dict[int, str] = {}  # never written to
    faults: tuple[DecodeError, ...] = ()

    def only(self, start: int) -> CodeSection:
        """Return only the function that starts at ``start``, with slots renumbered from 0."""
        end = min((slot for slot in self.functions if slot > start), default=sys.maxsize)
        rows = zip(slots_of(self.instructions), self.instructions, strict=False)
        kept = [instruction for slot, instruction in rows if start <= slot < end]
        return CodeSection(
            self.name,
            kept,
            _window(self.functions, start, end),
            _window(self.symbols, start, end),
            _window(self.sources, start, end),
            _window(self.texts, start, end),
            tuple(one for one in self.faults if start <= one.offset // SLOT < end),
        )


def _window(table: dict[int, T], start: int, end: int) -> dict[int, T]:
    """Return the entries between two slots, with slots renumbered so that ``start`` becomes 0."""
    return {slot - start: value for slot, value in table.items() if start <= slot < end}


def code_sections(file: ObjectFile) -> list[CodeSection]:
    """Return an object's code in section order, including invalid instructions.

    Raises FormatError if the object is damaged.
    """
    lines, places = _lines(file), _Places(file)
    return [_section(file, section, places, lines.get(section.name, {})) for section in file.code()]


class _Places:
    """Finds the function or variable at a given offset of a section."""

    def __init__(self, file: ObjectFile) -> None:
        functions = function_symbols(file)
        self._functions = [one for one in functions if one.value % SLOT == 0]
        self._symbols: dict[int, list[Symbol]] = {}
        variables = [one for one in file.symbols if one.type == elf.STT_OBJECT]
        for symbol in sorted((*functions, *variables), key=lambda symbol: symbol.value):
            self._symbols.setdefault(symbol.section, []).append(symbol)

    def functions(self, section: int) -> dict[int, str]:
        """Return the functions of a section, keyed by slot."""
        return {one.value // SLOT: one.name for one in self._functions if one.section == section}

    def at(self, section: int, offset: int) -> Symbol | None:
        """Return the symbol that contains the byte at ``offset``, or None if there is none."""
        symbols = self._symbols.get(section, [])
        index = bisect_right(symbols, offset, key=lambda symbol: symbol.value) - 1
        if index >= 0 and offset < symbols[index].value + max(symbols[index].size, 1):
            return symbols[index]
        return None


def _section(
    file: ObjectFile, section: Section, places: _Places, sources: dict[int, Source]
) -> CodeSection:
    instructions, faults = decode_leniently(section.contents)
    by_slot = dict(zip(slots_of(instructions), instructions, strict=False))
    symbols = {}
    for relocation in file.relocations(section):
        slot = relocation.offset // SLOT
        if slot in by_slot and relocation.offset % SLOT == 0:
            symbols[slot] = _target(places, relocation, by_slot[slot])
    functions = places.functions(section.number)
    return marked(CodeSection(section.name, instructions, functions, symbols, sources), faults)


def marked(section: CodeSection, faults: Iterable[DecodeError]) -> CodeSection:
    """Return the section with its invalid instructions marked in ``texts``."""
    faults = tuple(faults)
    texts = {one.offset // SLOT: f"(invalid: {one.headline})" for one in faults}
    return section._replace(texts=section.texts | texts, faults=faults)


def _target(places: _Places, relocation: Relocation, instruction: Instruction) -> str:
    """Return the symbol of a relocation.

    For a section symbol, return the function or variable at the offset instead.
    """
    symbol, addend = relocation.symbol, 0
    if instruction.opcode == LD_IMM64:
        addend = addend_of(instruction)
    if symbol.type == elf.STT_SECTION:
        if relocation.type == elf.R_BPF_64_32:
            addend = (instruction.imm + 1) * SLOT
        inside = places.at(symbol.section, addend)
        if inside is not None:
            symbol, addend = inside, addend - inside.value
    return f"{symbol.name} {'-' if addend < 0 else '+'} {abs(addend)}" if addend else symbol.name


def _lines(file: ObjectFile) -> dict[str, dict[int, Source]]:
    """Return the source lines from .BTF.ext, keyed by section and slot.

    The result is empty if the object has no .BTF.ext.
    """
    btf, ext = file.section(".BTF"), file.section(".BTF.ext")
    if btf is None or ext is None or not ext.contents:
        return {}
    header = decode_header(btf.contents)
    strings = Strings(btf.contents[header.strings])
    info = decode_ext_info(ext.contents, strings)
    return {
        section: {
            record.insn_off // SLOT: Source(record.file, record.line, record.text)
            for record in records
        }
        for section, records in info.line_info.items()
    }
