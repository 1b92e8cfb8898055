"""Format blocks of struct records as text, in the same way as ``values_line`` or ``json.dumps``.

The struct becomes one %-format with a placeholder for each number or text, and the records become a
column of values for each placeholder.
"""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any, NamedTuple

from rawbpf.btf.values.composites import Fields, Items
from rawbpf.btf.values.flat import members
from rawbpf.btf.values.scalars import Number
from rawbpf.output.columns import Cache, format_columns, literal, spans
from rawbpf.output.text import for_terminal
from rawbpf.output.values import plain, value_text, values_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.btf.values.flat import Leaf
    from rawbpf.btf.values.scalars import Codec
    from rawbpf.events.typed import EventType
    from rawbpf.events.typed_rows import TypedRows

    Show = Callable[[Any], str]

__all__ = ["AS_JSON", "AS_LINES", "Form", "ValueBlocks"]

_FEW = 4
"""Smaller batches are formatted one record at a time, which is faster for them."""

_LONGEST_CACHED = 64
"""The maximum size in bytes of texts whose formatted form is cached."""


class Form(NamedTuple):
    """How records look."""

    record: Callable[[dict[str, Any]], str]
    """A function that formats all members of a record."""
    value: Show
    """A function that formats a number or a text."""
    name: Callable[[str], str]
    """A function that returns the text that precedes a member's value."""
    between: str
    """Separates members."""
    brackets: tuple[str, str]
    """Enclose a record."""


AS_LINES = Form(values_line, value_text, lambda name: f"{name}=", " ", ("", ""))
AS_JSON = Form(
    lambda values: dumps(plain(values)),
    lambda value: dumps(plain(value)),
    lambda name: f"{dumps(name)}: ",
    ", ",
    ("{", "}"),
)


class ValueBlocks:
    """Formats records of struct types in one output format."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._known: dict[EventType, tuple[str, list[Show | None]]] = {}

    def blocks(self, rows: TypedRows, head: str, tail: str = "") -> Iterator[bytes]:
        """Yield a line for each record, between ``head`` and ``tail``, in blocks."""
        for span in spans(len(rows), rows.batch.size):
            part = rows.part(*span)
            if part.columns is None or len(part) < _FEW:
                lines = [f"{head}{self._form.record(values)}{tail}\n" for values in part]
                text = for_terminal("".join(lines))
            else:
                text = self._block(part, part.columns, head, tail)
            yield text.encode(errors="backslashreplace")

    def _block(self, rows: TypedRows, leaves: tuple[Leaf, ...], head: str, tail: str) -> str:
        one, shows = self._format(rows.kind)
        columns = []
        for leaf, show in zip(leaves, shows, strict=True):
            values = rows.values(leaf, rows.batch)
            columns.append(values if show is None else list(map(show, values)))
        # The values are already escaped, but the names and the text around the record are not.
        line = literal(for_terminal(head)) + one + literal(for_terminal(tail)) + "\n"
        return format_columns(line, columns) if columns else line % () * len(rows)

    def _format(self, kind: EventType) -> tuple[str, list[Show | None]]:
        """Return a struct's %-format, and the functions that format the values of each leaf."""
        known = self._known.get(kind)
        if known is None:
            first, last = self._form.brackets
            one = first + self._text(kind.codec.inner)[1:-1] + last
            shows = [self._show(leaf.codec) for leaf in kind.leaves or ()]
            known = self._known[kind] = one, shows
        return known

    def _text(self, codec: Codec) -> str:
        """Return the %-format of a value."""
        if isinstance(codec, Fields):
            parts = [self._name(one.name) + self._text(one.codec) for one in members(codec)]
            return "{" + self._form.between.join(parts) + "}"
        if isinstance(codec, Items):
            count = codec.length if codec.item.size else 0
            return "[" + ", ".join([self._text(codec.item)] * count) + "]"
        return "%d" if isinstance(codec, Number) and codec.as_is else "%s"

    def _name(self, name: str) -> str:
        return literal(for_terminal(self._form.name(name)))

    def _show(self, codec: Codec) -> Show | None:
        """Return a function that formats values of a type, or None if the values are integers."""
        value = self._form.value
        if codec.as_is:
            return None if isinstance(codec, Number) else value
        if codec.size > _LONGEST_CACHED:
            return lambda raw: value(codec.of(raw))
        return Cache(lambda raw: value(codec.of(raw))).__getitem__
