"""Where each type begins. Types have no index and differ in length, so somebody has to walk.

Walking past the kernel's 126,000 types takes about 15 ms, and much of what is asked for is near the
beginning (task_struct is among the first 200). So a large section is walked only as far as need be.
A small one is walked at once: whoever opens a damaged file hears of it then.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from rawbpf.btf.decode import size_table
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Starts"]

_SMALL = 1 << 16
"""Words of a section that is walked at once."""

_ROUNDS = 512
"""Eight types each: how far it is walked at a time."""


class Starts:
    """The word where each type begins, by index. FormatError: the section is damaged."""

    __slots__ = ("_infos", "_known", "_next", "_sizes", "_words")

    def __init__(self, words: array[int], layout: Mapping[int, tuple[int, int]]) -> None:
        self._words = words
        self._infos = words[1:]
        self._sizes = size_table(dict(layout))
        self._known: array[int] = array("I")
        self._next = 0
        if len(words) <= _SMALL:
            self.all()

    def all(self) -> array[int]:
        """Every start, in order."""
        while self._next < len(self._words):
            self._walk()
        return self._known

    def __len__(self) -> int:
        return len(self.all())

    def has(self, index: int) -> bool:
        """Whether there are so many types."""
        while index >= len(self._known) and self._next < len(self._words):
            self._walk()
        return 0 <= index < len(self._known)

    def span(self, index: int) -> tuple[int, int]:
        """Where a type begins and ends; there is one."""
        last = not self.has(index + 1)
        return self._known[index], self._next if last else self._known[index + 1]

    def index_of(self, word: int) -> int | None:
        """The type that begins at this word, if one does."""
        while self._next <= word:
            self._walk()
        index = bisect_left(self._known, word)
        is_one = index < len(self._known) and self._known[index] == word
        return index if is_one else None

    def _walk(self) -> None:
        """Some types further. Damage is told each time that one gets there."""
        known = len(self._known)
        try:
            self._next = self._walk_from(self._next)
        except FormatError:
            del self._known[known:]
            raise

    def _walk_from(self, a: int) -> int:
        """Eight at a time, written out: this loop is what looking far costs."""
        infos, sizes, extend = self._infos, self._sizes, self._known.extend
        try:
            for _ in range(_ROUNDS):
                b = a + sizes[infos[a]]
                c = b + sizes[infos[b]]
                d = c + sizes[infos[c]]
                e = d + sizes[infos[d]]
                f = e + sizes[infos[e]]
                g = f + sizes[infos[f]]
                h = g + sizes[infos[g]]
                following = h + sizes[infos[h]]
                extend((a, b, c, d, e, f, g, h))
                a = following
        except IndexError:  # fewer than eight are left
            return self._walk_singly(a)
        return a

    def _walk_singly(self, at: int) -> int:
        end = len(self._words)
        while at < end - 2:
            self._known.append(at)
            at += self._sizes[self._infos[at]]
        if at != end:
            why = f"type {len(self._known)} ends at word {at}, the type section at {end}"
            raise FormatError("damaged BTF", why=why)
        return at
