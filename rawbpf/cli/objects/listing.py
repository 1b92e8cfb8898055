"""Format disassemblies as lines of text or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.disassembler import disassemble
from rawbpf.asm.format import DIALECTS
from rawbpf.asm.instruction import SLOT
from rawbpf.errors import UsageError
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rawbpf.asm.disassembler import Row
    from rawbpf.asm.format import Style
    from rawbpf.asm.instruction import Source
    from rawbpf.elf.code import CodeSection

    Paint = Callable[[str, str], str]

__all__ = ["coloured", "json_lines", "listing", "plain", "style_of"]

_COLOURS = {"title": "1", "label": "33", "slot": "2", "bytes": "2", "source": "36", "text": ""}


def style_of(dialect: str) -> Style:
    """Return the formatting style for a value of ``--dialect``."""
    if dialect not in DIALECTS:
        raise UsageError(f"--dialect is {dialect!r}", fix=f"use {' or '.join(DIALECTS)}")
    return DIALECTS[dialect]


def plain(text: str, _what: str) -> str:
    """Return the text unchanged, for output without colors."""
    return text


def coloured(text: str, what: str) -> str:
    """Return the text in the color of its kind, using ANSI escapes."""
    colour = _COLOURS[what]
    return f"\x1b[{colour}m{text}\x1b[0m" if colour else text


def listing(
    sections: Iterable[CodeSection], style: Style, paint: Paint, sources: bool = True
) -> Iterator[str]:
    """Yield a title for each section and function, followed by its instructions."""
    for number, section in enumerate(sections):
        if number:
            yield ""
        if section.name:
            yield paint(f"section {printable(section.name)}", "title")
        previous = None
        for row in _rows(section, style):
            if row.slot in section.functions:
                yield paint(f"{printable(section.functions[row.slot])}:", "title")
            source = section.sources.get(row.slot)
            if sources and source is not None and source != previous:
                yield from _source(source, previous, paint)
                previous = source
            if row.label is not None:
                yield paint(f"{row.label}:", "label")
            yield from _instruction(row, paint)


def _rows(section: CodeSection, style: Style) -> list[Row]:
    return disassemble(
        section.instructions, style, section.functions, section.symbols, section.texts
    )


def _source(source: Source, previous: Source | None, paint: Paint) -> Iterator[str]:
    """Yield a source line, preceded by the name of the file if it changed."""
    if previous is None or source.file != previous.file:
        yield paint(f"; {printable(source.file)}", "source")
    yield paint(f"; {source.line:4d}  {printable(source.text or '')}", "source")


def _instruction(row: Row, paint: Paint) -> Iterator[str]:
    """Yield a line for the instruction, and a second line for the other half of a 64-bit load."""
    data = row.instruction.encode()
    first = data[:SLOT].hex(" ")
    text = paint(printable(row.text), "text")
    yield f"{paint(f'{row.slot:6d}', 'slot')}  {paint(first, 'bytes')}  {text}"
    if len(data) > SLOT:
        yield f"{'':6}  {paint(data[SLOT:].hex(' '), 'bytes')}"


def json_lines(sections: Iterable[CodeSection], style: Style) -> Iterator[str]:
    """Yield one JSON object per instruction."""
    from json import dumps

    for section in sections:
        function = None
        for row in _rows(section, style):
            function = section.functions.get(row.slot, function)
            source = section.sources.get(row.slot)
            yield dumps(
                {
                    "section": section.name or None,
                    "function": function,
                    "slot": row.slot,
                    "label": row.label,
                    "bytes": row.instruction.encode().hex(),
                    "text": row.text,
                    "source": source and source._asdict(),
                }
            )
