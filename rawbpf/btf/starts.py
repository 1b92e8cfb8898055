"""The word offset at which each type starts.

BTF has no index, and types vary in length.

Scanning the kernel's 126,000 types takes about 10 ms, and many common types are near the start
(task_struct is among the first 200). A large section is therefore scanned only as far as needed,
and only the start of every eighth type is stored; the types in between are at most seven steps
away. A small section is scanned when it is opened, so that damage is reported immediately. With an
index, no scan is necessary.

A type's length follows from its second word, ``info``; in this module, ``at`` is the index of that
word.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from rawbpf.btf.decode import length_of
from rawbpf.btf.index import GROUP
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.btf.index import Index

__all__ = ["Starts"]

_SMALL = 1 << 16
"""The size in words up to which a section is scanned when it is opened."""

_ROUNDS = 512
"""The number of groups of eight types to scan at a time."""


class Starts:
    """The word offset of each type; raises FormatError if the section is damaged."""

    __slots__ = ("_count", "_end", "_groups", "_layout", "_lengths", "_next", "_words")

    def __init__(
        self,
        words: memoryview[int],
        layout: Mapping[int, tuple[int, int]],
        index: Index | None = None,
    ) -> None:
        self._words, self._layout = words, layout
        # The kernel's types have only about 500 distinct info words. Lookups in a plain dict are
        # twice as fast as in a defaultdict.
        self._lengths: dict[int, int] = {}
        self._groups: array[int] = array("I")
        self._count, self._next, self._end = 0, 1, len(words) + 1
        if index is not None:
            self._groups, self._count, self._next = index.groups, index.total, self._end
        elif len(words) <= _SMALL:
            self._walk_on()

    def _walk_on(self) -> None:
        while self._next != self._end:
            self._walk()

    def groups(self) -> array[int]:
        """Return the index of the second word of every eighth type."""
        self._walk_on()
        return self._groups

    def all(self) -> array[int]:
        """Return the starts of all types in order."""
        self._walk_on()
        words, lengths, starts, at = self._words, self._lengths, array("I"), 1
        add = starts.append
        for _ in range(self._count):
            add(at - 1)
            try:
                at += lengths[words[at]]
            except KeyError:
                at += self._length(at)
            except IndexError:
                raise _beyond(at) from None
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
        """Return the start and end of a type that exists."""
        self.has(index + 1)  # raises an error if the section is damaged at that point
        at = self._groups[index // GROUP]
        for _ in range(index % GROUP):
            at += self._length(at)
        end = at - 1 + self._length(at)
        if end >= self._end:
            raise _beyond(end)
        return at - 1, end

    def index_of(self, word: int) -> int | None:
        """Return the index of the type that starts at this word, or None if there is none."""
        wanted = word + 1
        while self._next <= wanted:
            self._walk()
        group = bisect_right(self._groups, wanted) - 1
        if group < 0:
            return None
        index, at = group * GROUP, self._groups[group]
        while at < wanted:
            at += self._length(at)
            index += 1
        return index if at == wanted else None

    def _length(self, at: int) -> int:
        """Return the length of the type whose second word is at this index."""
        try:
            info = self._words[at]
        except IndexError:
            raise _beyond(at) from None
        length = self._lengths.get(info)
        if length is None:  # with an index, types are not scanned
            length = self._lengths[info] = length_of(info, self._layout)
        return length

    def _walk(self) -> None:
        """Scan the next few types. Damage is reported every time the scan reaches it."""
        known = len(self._groups)
        try:
            self._next = self._walk_from(self._next)
        except FormatError:
            del self._groups[known:]
            raise

    def _walk_from(self, at: int) -> int:
        """The loop is unrolled to scan eight types at once, since it dominates the run time."""
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
        self._count = len(self._groups) * GROUP
        return at

    def _walk_last(self, first: int) -> int:
        """Scan the last group, which has fewer than eight types, all of known length."""
        at, index = first, len(self._groups) * GROUP
        while at < self._end - 2:
            at += self._lengths[self._words[at]]
            index += 1
        if at != self._end:
            ends, end = at - 1, self._end - 1
            why = f"type {index} ends at word {ends}, but the type section ends at {end}"
            raise FormatError("damaged BTF", why=why)
        if at != first:
            self._groups.append(first)
        self._count = index
        return at


def _beyond(word: int) -> FormatError:
    """Return the error to raise for an incorrect index.

    Without an index, the scan itself reports damaged types.
    """
    return FormatError(
        "damaged type index", why=f"the index refers to word {word}, where no type starts"
    )
