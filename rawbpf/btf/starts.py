"""The word offset at which each type starts.

BTF has no index, and types vary in length.

Scanning the kernel's 126,000 types takes about 10 ms, and many common types are near the start
(task_struct is among the first 200). A large section is therefore scanned only as far as needed,
and only the start of every eighth type is stored; the starts in between are a few steps away. A
small section is scanned when it is opened, so that damage is reported immediately.

A type's length follows from its second word, ``info``; in this module, ``at`` is the index of that
word.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from rawbpf.btf.decode import length_of
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Starts"]

_SMALL = 1 << 16
"""Size in words up to which a section is scanned when it is opened."""

_GROUP = 8
_ROUNDS = 512
"""Number of groups to scan at a time."""


class Starts:
    """The word offset of each type; raises FormatError if the section is damaged."""

    __slots__ = ("_count", "_end", "_groups", "_layout", "_lengths", "_next", "_words")

    def __init__(self, words: memoryview[int], layout: Mapping[int, tuple[int, int]]) -> None:
        self._words, self._layout = words, layout
        # The kernel's types have only about 500 distinct info words. Lookups in a plain dict are
        # twice as fast as in a defaultdict.
        self._lengths: dict[int, int] = {}
        self._groups: array[int] = array("I")
        self._count, self._next, self._end = 0, 1, len(words) + 1
        if len(words) <= _SMALL:
            self._walk_on()

    def _walk_on(self) -> None:
        while self._next != self._end:
            self._walk()

    def all(self) -> array[int]:
        """Return the starts of all types in order."""
        self._walk_on()
        words, lengths, starts, start = self._words, self._lengths, array("I"), 0
        for _ in range(self._count):
            starts.append(start)
            start += lengths[words[start + 1]]
        return starts

    def __len__(self) -> int:
        self._walk_on()
        return self._count

    def has(self, index: int) -> bool:
        """Return whether a type with the given index exists."""
        while index >= self._count and self._next != self._end:
            self._walk()
        return 0 <= index < self._count

    def span(self, index: int) -> tuple[int, int]:
        """Return the start and end of an existing type."""
        self.has(index + 1)  # raises an error if the section is damaged at this point
        words, lengths = self._words, self._lengths
        at = self._groups[index // _GROUP]
        for _ in range(index % _GROUP):
            at += lengths[words[at]]
        return at - 1, at - 1 + lengths[words[at]]

    def index_of(self, word: int) -> int | None:
        """Return the index of the type that starts at this word.

        Return None if no type starts there.
        """
        wanted = word + 1
        while self._next <= wanted:
            self._walk()
        group = bisect_right(self._groups, wanted) - 1
        index, at = group * _GROUP, self._groups[group]
        while at < wanted:
            at += self._lengths[self._words[at]]
            index += 1
        return index if at == wanted else None

    def _walk(self) -> None:
        """Scan some more types. Damage is reported every time the scan reaches it."""
        known = len(self._groups)
        try:
            self._next = self._walk_from(self._next)
        except FormatError:
            del self._groups[known:]
            raise

    def _walk_from(self, at: int) -> int:
        """Scan eight types per iteration, unrolled, because this loop dominates the run time."""
        infos, lengths, note = self._words, self._lengths, self._groups.append
        for _ in range(_ROUNDS):
            first = at
            try:
                at += lengths[infos[at]]
                at += lengths[infos[at]]
                at += lengths[infos[at]]
                at += lengths[infos[at]]
                at += lengths[infos[at]]
                at += lengths[infos[at]]
                at += lengths[infos[at]]
                at += lengths[infos[at]]
            except KeyError as new:
                (info,) = new.args
                lengths[info] = length_of(info, self._layout)
                at = first  # repeat this group
            except IndexError:
                return self._walk_last(first)
            else:
                note(first)
        self._count = len(self._groups) * _GROUP
        return at

    def _walk_last(self, first: int) -> int:
        """Scan the last group, which has fewer than eight types, all of known length."""
        at, index = first, len(self._groups) * _GROUP
        while at < self._end - 2:
            at += self._lengths[self._words[at]]
            index += 1
        if at != self._end:
            ends, end = at - 1, self._end - 1
            why = f"type {index} ends at word {ends}, the type section at {end}"
            raise FormatError("damaged BTF", why=why)
        if at != first:
            self._groups.append(first)
        self._count = index
        return at
