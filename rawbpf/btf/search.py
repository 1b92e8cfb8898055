"""Search for types by name without an index, by searching for string offsets as bytes.

A name is looked up in reverse: first its offsets in the string section, then the types that start
with one of these offsets. Both steps search for bytes, without running Python code for each type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi.btf import BTF_MAX_KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.header import Header
    from rawbpf.btf.starts import Starts
    from rawbpf.btf.strings import Strings

__all__ = ["Search"]

_FEW = 8
"""Maximum number of string offsets to search for one by one; each search reads all types."""


class Search:
    """A search in one blob, in which types are identified by their index from 0."""

    __slots__ = ("_data", "_header", "_starts", "_strings", "_words")

    def __init__(
        self,
        data: bytes,
        header: Header,
        words: memoryview[int],
        strings: Strings,
        starts: Starts,
    ) -> None:
        self._data, self._header, self._words = data, header, words
        self._strings, self._starts = strings, starts

    def find(self, name: str, kinds: frozenset[int] | None) -> list[int]:
        """Return the indexes of the types with the given name and kinds, in order."""
        found = self._search(self._strings.offsets(name), kinds)
        return found or self._search(self._strings.endings(name), kinds)

    def _search(self, offsets: list[int], kinds: frozenset[int] | None) -> list[int]:
        """Return the indexes of the types whose name_off is one of ``offsets``."""
        if len(offsets) > _FEW:
            wanted, words = frozenset(offsets), self._words
            starts = enumerate(self._starts.all())
            return [i for i, at in starts if words[at] in wanted and self._is(at, kinds)]
        return sorted(index for offset in offsets for index in self._search_one(offset, kinds))

    def _search_one(self, offset: int, kinds: frozenset[int] | None) -> Iterator[int]:
        start, stop, _ = self._header.types.indices(len(self._data))
        if self._header.order == "<":
            # Zero is the most frequent byte, so stripping zeros from the end of the pattern makes
            # the search five times as fast.
            pattern = offset.to_bytes(4, "little").rstrip(b"\0") or bytes(4)
        else:
            pattern = offset.to_bytes(4, "big")
        at = self._data.find(pattern, start, stop)
        while at >= 0:
            word, rest = divmod(at - start, 4)
            # The pattern also matches across word boundaries, and at words where no type starts.
            # Most false matches are not followed by a valid info word, so checking that word first
            # avoids the scan.
            if not rest and self._words[word] == offset and self._is(word, kinds):
                index = self._starts.index_of(word)
                if index is not None:
                    yield index
            at = self._data.find(pattern, at + 1, stop)

    def _is(self, word: int, kinds: frozenset[int] | None) -> bool:
        """Return whether a type that starts at this word would have one of the given kinds."""
        if word + 1 >= len(self._words):
            return False
        kind = self._words[word + 1] >> 24 & BTF_MAX_KIND
        return kind != 0 if kinds is None else kind in kinds
