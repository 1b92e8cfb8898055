"""What .BTF.ext says of the instructions of a section, by the byte where each begins."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from rawbpf.asm.program import Source
from rawbpf.btf.ext_info import decode_ext_info

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ext_info import CoreRelo, LineInfo
    from rawbpf.elf.read import ObjectFile

__all__ = ["Records", "SectionRecords"]


class SectionRecords:
    """``types``: the BTF function that begins there. ``relocations``: its CO-RE record."""

    def __init__(
        self,
        types: dict[int, int],
        relocations: dict[int, CoreRelo],
        lines: Iterable[LineInfo],
    ) -> None:
        self.types, self.relocations = types, relocations
        ordered = sorted(lines, key=lambda line: line.insn_off)
        self._starts = [line.insn_off for line in ordered]
        self._made = [Source(line.file, line.line, line.text, line.column) for line in ordered]

    def sources(self, offsets: Iterable[int]) -> tuple[Source | None, ...]:
        """For each instruction the line that it came from: the last that began before it."""
        if not self._starts:
            return ()
        found = (bisect_right(self._starts, offset) - 1 for offset in offsets)
        return tuple(self._made[index] if index >= 0 else None for index in found)


_NONE = SectionRecords({}, {}, ())


class Records:
    """All of an object; empty without .BTF.ext. FormatError: it is damaged."""

    def __init__(self, file: ObjectFile, btf: Btf | None) -> None:
        self._sections: dict[str, SectionRecords] = {}
        section = file.section(".BTF.ext")
        if btf is None or section is None or not section.contents:
            return
        info = decode_ext_info(section.contents, btf.strings)
        for name in {*info.func_info, *info.line_info, *info.core_relos}:
            self._sections[name] = SectionRecords(
                {one.insn_off: one.type_id for one in info.func_info.get(name, ())},
                {one.insn_off: one for one in info.core_relos.get(name, ())},
                info.line_info.get(name, ()),
            )

    def of(self, section: str) -> SectionRecords:
        """What is known of the section with this name."""
        return self._sections.get(section, _NONE)
