"""Attach .BTF.ext records to instructions, or build records from instructions."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from rawbpf.asm.instruction import SLOT, CoreRelocation, Instruction, Source, slots_of
from rawbpf.btf.ext_info import LineInfo, decode_ext_info

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ext_info import CoreRelo
    from rawbpf.elf.read import ObjectFile

__all__ = [
    "Records",
    "SectionRecords",
    "line_records",
]


class SectionRecords:
    """The .BTF.ext records of one code section.

    ``types`` maps the byte offset of each function to the ID of its BTF type.
    """

    def __init__(
        self,
        types: Mapping[int, int],
        relocations: Iterable[CoreRelo],
        lines: Iterable[LineInfo],
    ) -> None:
        self.types = types
        self._relocations = [
            (one.insn_off, CoreRelocation(one.relo_kind, one.type_id, one.access))
            for one in relocations
        ]
        self._lines = sorted(lines, key=lambda line: line.insn_off)

    def added_to(
        self, instructions: Sequence[Instruction], at: Mapping[int, int]
    ) -> list[Instruction]:
        """Return the instructions with their source lines and CO-RE records attached.

        ``at``: byte where an instruction begins -> its index. A line lasts until the next begins.
        """
        found, offsets, make = list(instructions), list(at), Instruction._make
        starts = [bisect_left(offsets, line.insn_off) for line in self._lines]
        for line, first, end in zip(self._lines, starts, [*starts[1:], len(found)], strict=False):
            source = Source(line.file, line.line, line.text, line.column)
            metadata = (None, source, None)
            found[first:end] = [make(one[:5] + metadata) for one in found[first:end]]
        for offset, relocation in self._relocations:
            if offset in at:
                found[at[offset]] = found[at[offset]]._replace(relocation=relocation)
        return found


_NONE = SectionRecords({}, (), ())


class Records:
    """All .BTF.ext records of an object; without .BTF.ext, there are none.

    Raises FormatError if .BTF.ext is damaged.
    """

    def __init__(self, file: ObjectFile, btf: Btf | None) -> None:
        self._sections: dict[str, SectionRecords] = {}
        section = file.section(".BTF.ext")
        if btf is None or section is None or not section.contents:
            return
        info = decode_ext_info(section.contents, btf.strings)
        for name in {*info.func_info, *info.line_info, *info.core_relos}:
            self._sections[name] = SectionRecords(
                {one.insn_off: one.type_id for one in info.func_info.get(name, ())},
                info.core_relos.get(name, ()),
                info.line_info.get(name, ()),
            )

    def of(self, section: str) -> SectionRecords:
        """Return the records of the section with the given name."""
        return self._sections.get(section, _NONE)


def line_records(units: Iterable[Bytecode]) -> list[LineInfo]:
    """Return the line records of a section, with a new record wherever the source line changes."""
    records: list[LineInfo] = []
    start = 0
    for unit in units:
        records += _of_unit(unit, start)
        start += SLOT * unit.slots
    return records


def _of_unit(unit: Bytecode, start: int) -> Iterator[LineInfo]:
    previous = None
    for slot, one in zip(slots_of(unit.instructions), unit.instructions, strict=False):
        source = one.source
        if source is not None and source != previous:
            at, column = start + SLOT * slot, source.column or 1
            yield LineInfo(at, source.file, source.read(), source.line, column)
        previous = source
