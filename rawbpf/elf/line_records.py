"""line_info: which line of source an instruction came from, as .BTF.ext keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.instruction import SLOT, slots_of
from rawbpf.btf.ext_info import LineInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.asm.bytecode import Bytecode

__all__ = ["line_records"]


def line_records(units: Iterable[Bytecode]) -> list[LineInfo]:
    """The records of one section: one wherever the source line changes."""
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
