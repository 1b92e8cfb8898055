r"""Describe a record's layout in one table of fields, from which all decoders are derived.

>>> pair = Layout(8, [Field("pid", 0, "I", "process"), Field("comm", 4, "4s", "its name")])
>>> pair.struct().unpack(b"\7\0\0\0bash")
(7, b'bash')
>>> pair.description
[('pid', '<u4'), ('comm', '|S4')]
>>> pair.offset("comm")
4
"""

from __future__ import annotations

import struct
import sys

from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Field", "Layout"]

_ORDER = "<" if sys.byteorder == "little" else ">"

_KINDS = {"B": "|u1", "b": "|i1", "?": "|b1"} | {
    code: f"{_ORDER}{kind}"
    for code, kind in zip("HhIiQqfd", ("u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"), strict=True)
}
"""Maps the letter of a ``struct`` type to NumPy's name for the type."""


class Field(NamedTuple):
    """A field; ``code`` is a ``struct`` type such as "I" or "16s"."""

    name: str
    offset: int
    code: str
    about: str = ""


class Layout:
    """The fields of a record of ``size`` bytes, in order.

    Bytes between the fields are ignored.
    """

    __slots__ = ("_structs", "fields", "size")

    def __init__(self, size: int, fields: Sequence[Field]) -> None:
        self.size, self.fields = size, tuple(fields)
        self._structs: dict[tuple[int, int], struct.Struct] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fields."""
        return tuple(field.name for field in self.fields)

    def field(self, name: str) -> Field:
        """Return a field by name. Raises KeyError if the layout has no such field."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def offset(self, name: str) -> int:
        """Return the offset of a field."""
        return self.field(name).offset

    def struct(self, lead: int = 0, step: int = 0) -> struct.Struct:
        """Return a struct of ``step`` bytes that contains the record after ``lead`` extra bytes."""
        known = self._structs.get((lead, step))
        if known is None:
            known = self._structs[lead, step] = struct.Struct(self._format(lead, step))
        return known

    def _format(self, lead: int, step: int) -> str:
        text, at = f"={lead}x", 0
        for field in self.fields:
            text += f"{field.offset - at}x{field.code}"
            at = field.offset + struct.calcsize(f"={field.code}")
        return f"{text}{max(step - lead, self.size) - at}x"

    def lines(self) -> Iterator[str]:
        """Yield a line for each field with its offset, C type, name and meaning."""
        kinds = [_c_type(field.code) for field in self.fields]
        at, kind, name = len(str(self.size)), max(map(len, kinds)), max(map(len, self.names))
        for field, c_type in zip(self.fields, kinds, strict=True):
            head = f"{field.offset:>{at}} {c_type:<{kind}} {field.name:<{name}}"
            yield f"{head}  {field.about}".rstrip()

    @property
    def description(self) -> list[tuple[str, str]]:
        """Return the fields, and the gaps between them, as a NumPy type description."""
        found, at = [], 0
        for field in self.fields:
            if field.offset > at:
                found.append(("", f"|V{field.offset - at}"))
            found.append((field.name, _kind(field.code)))
            at = field.offset + struct.calcsize(f"={field.code}")
        if self.size > at:
            found.append(("", f"|V{self.size - at}"))
        return found


def _c_type(code: str) -> str:
    size = struct.calcsize(f"={code}")
    return f"char[{size}]" if code.endswith("s") else f"{'u' if code.isupper() else 's'}{8 * size}"


def _kind(code: str) -> str:
    return _KINDS.get(code) or f"|S{struct.calcsize(code)}"
