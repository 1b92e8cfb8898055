"""Data sections: `.rodata`, `.data`, `.bss`.

    .rodata
    greeting: .asciz "hello"         ; a variable is a label and the data after it
    limits:   .quad 100, 1 << 20

As with C compilers, numbers are aligned to their size, which some kernels require.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.specs.object_spec import DataSpec, Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.asm.tokens import Line
    from rawbpf.source.arguments import Arguments

__all__ = ["DIRECTIVES", "LARGEST_SECTION", "DataSection"]

LARGEST_SECTION = 1 << 26
"""Limit in bytes.

A section larger than this is probably a mistake, such as a wrong count for .zero."""


class DataSection:
    """The bytes and the variables of a data section."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._contents = bytearray()
        self._labels: dict[str, Line] = {}
        self._variables: list[Variable] = []
        self._current: list[Variable] = []

    def label(self, name: str, line: Line) -> None:
        """Start a variable with the given name at the next byte."""
        self._labels[name] = line

    def append(self, data: bytes, width: int) -> None:
        """Append elements that are ``width`` bytes wide.

        If a label precedes the elements, they start a new variable.
        """
        if self._labels or not self._contents:
            self._contents += bytes(-len(self._contents) % width)
            start = len(self._contents)
            self._variables += self._current
            self._current = [Variable(label, start, 0, width) for label in self._labels]
            self._labels.clear()
        self._contents += data
        size = len(self._contents)
        self._current = [one._replace(size=size - one.offset) for one in self._current]

    def room(self) -> int:
        """Return the number of bytes that can still be added."""
        return LARGEST_SECTION - len(self._contents)

    def spec(self) -> DataSpec:
        """Return the section. Raise AssemblyError if a label is not followed by data."""
        for name, line in self._labels.items():
            raise line.error(f"label {name!r} is not followed by data", 1, "data, such as .quad 0")
        return DataSpec(self.name, bytes(self._contents), (*self._variables, *self._current))


def _numbers(width: int) -> Callable[[DataSection, Arguments], None]:
    lowest, highest = -(1 << 8 * width - 1), (1 << 8 * width) - 1

    def add(section: DataSection, arguments: Arguments) -> None:
        values = [arguments.number(lowest, highest)]
        while arguments.comma():
            values.append(arguments.number(lowest, highest))
        mask = highest
        data = b"".join((value & mask).to_bytes(width, "little") for value in values)
        section.append(data, width)

    return add


def _strings(end: bytes) -> Callable[[DataSection, Arguments], None]:
    def add(section: DataSection, arguments: Arguments) -> None:
        strings = [arguments.string() + end]
        while arguments.comma():
            strings.append(arguments.string() + end)
        section.append(b"".join(strings), 1)

    return add


def _zeroes(section: DataSection, arguments: Arguments) -> None:
    section.append(bytes(arguments.number(0, section.room())), 1)


DIRECTIVES: dict[str, Callable[[DataSection, Arguments], None]] = {
    ".byte": _numbers(1),
    ".half": _numbers(2),
    ".short": _numbers(2),
    ".word": _numbers(4),
    ".long": _numbers(4),
    ".quad": _numbers(8),
    ".ascii": _strings(b""),
    ".asciz": _strings(b"\0"),
    ".string": _strings(b"\0"),
    ".zero": _zeroes,
}
"""Directives that add data, named as in the GNU and LLVM assemblers."""
