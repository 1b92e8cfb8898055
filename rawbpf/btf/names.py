"""The named types of a blob, sorted by name for fast lookups.

A sorted array contains the position of each named type, which is the index of the type's first word
(its name offset). Types with the same name are sorted by ID.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.btf.strings import Strings

__all__ = ["SortedNames"]


class SortedNames:
    """Named types sorted by name; ``positions`` comes from an index or from ``sort``."""

    __slots__ = ("_strings", "_words", "positions")

    def __init__(self, words: memoryview[int], strings: Strings, positions: array[int]) -> None:
        self._words, self._strings, self.positions = words, strings, positions

    @classmethod
    def sort(cls, words: memoryview[int], strings: Strings, starts: Iterable[int]) -> SortedNames:
        """Sort the types that start at these words. Sorting the kernel's types takes 60 ms."""
        strings.read_all()
        name = strings.at
        named = [at for at in starts if words[at]]
        named.sort(key=lambda at: name(words[at]))
        return cls(words, strings, array("I", named))

    def find(self, name: str) -> Iterator[int]:
        """Yield the positions of all types with the given name."""
        for place in range(self._first(name), len(self.positions)):
            position = self.positions[place]
            if self._name(position) != name:
                return
            yield position

    def beginning_with(self, beginning: str) -> Iterator[str]:
        """Yield the names with the given prefix in order; names of several types are repeated."""
        for place in range(self._first(beginning), len(self.positions)):
            name = self._name(self.positions[place])
            if not name.startswith(beginning):
                return
            yield name

    def _first(self, name: str) -> int:
        return bisect_left(self.positions, name, key=self._name)

    def _name(self, position: int) -> str:
        if position >= len(self._words):
            raise FormatError(
                "damaged type index",
                why=f"the index refers to word {position}, where no type starts",
            )
        return self._strings.at(self._words[position])
