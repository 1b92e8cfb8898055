"""A BTF blob, read lazily: IDs, names, records.

The kernel's BTF has about 126,000 types in 5 MB, of which a program needs a few, so opening it does
no work. The starts of types are found as far as needed (``starts``), a type is decoded when it is
accessed, and a name is looked up backwards: first its offset in the string section, then that
offset's bytes in the type section.

Split BTF, such as a module's, extends its base: its first ID is ``len(base)``, and its first string
offset is the length of the base's strings.
"""

from __future__ import annotations

import gc
import sys
from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

from rawbpf.btf.decode import decode_type
from rawbpf.btf.header import Header, decode_header
from rawbpf.btf.starts import Starts
from rawbpf.btf.strings import Strings
from rawbpf.btf.types import VOID, Type
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_LAYOUT, BTF_MAX_KIND

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Btf"]

_FEW = 8
"""Maximum number of string offsets to search for one by one; each search reads all types."""

_KEPT = 1 << 16
"""Size in words up to which all records are cached, since a program's types are read repeatedly."""

_BATCH = 1024
"""Number of types to decode at a time when all are needed."""

_SEARCHES = 32
"""Number of searches by name (2 ms each in the kernel's BTF) before an index of all names is built
(100 ms and 30 MB)."""


class Btf:
    """Types by ID and by name.

    ``btf[id]`` is a record from ``rawbpf.btf.types``; ``len(btf)`` is the number of IDs, including
    void and the base's. Raises FormatError if the data is damaged or an ID or name is out of range.

    >>> from rawbpf.btf.encode import BtfBuilder
    >>> builder = BtfBuilder()
    >>> builder.add_int("int", 4, signed=True)
    1
    >>> btf = Btf.from_bytes(builder.encode())
    >>> btf.find("int")
    Int(name='int', size=4, bits=32, encoding=1, offset=0, kind=1)
    """

    __slots__ = (
        "_data",
        "_header",
        "_index",
        "_lookups",
        "_records",
        "_starts",
        "_words",
        "base",
        "first_id",
        "strings",
    )

    def __init__(self, data: bytes, base: Btf | None = None) -> None:
        self._data = data
        self._header = decode_header(data)
        self.base = base
        self.first_id = 1 if base is None else len(base)
        self.strings: Strings = Strings(
            data[self._header.strings], None if base is None else base.strings
        )
        self._words = _words(data, self._header)
        self._starts = Starts(self._words, _layout(data, self._header))
        self._records: dict[int, Type] = {0: VOID}
        self._index: dict[str, list[int]] | None = None
        self._lookups = 0

    @classmethod
    def from_bytes(cls, data: bytes, base: Btf | None = None) -> Btf:
        """Open a blob; ``base`` is required for split BTF, such as a kernel module's."""
        return cls(data, base)

    @property
    def order(self) -> str:
        """The byte order, ``<`` or ``>`` as in struct."""
        return self._header.order

    @property
    def words(self) -> int:
        """The length of the type section in 32-bit words, including that of the base."""
        return len(self._words) + (0 if self.base is None else self.base.words)

    def __len__(self) -> int:
        return self.first_id + len(self._starts)

    def __getitem__(self, type_id: int) -> Type:
        record = self._records.get(type_id)
        if record is None:
            own = type_id - self.first_id
            if own < 0 and self.base is not None:
                return self.base[type_id]
            at, end = self._span(own, type_id)
            record = decode_type(self._words, at, end, self.strings.at)
            self._records[type_id] = record
        return record

    def _span(self, own: int, type_id: int) -> tuple[int, int]:
        if own < 0 or not self._starts.has(own):
            raise FormatError(f"BTF has no type {type_id}", why=f"its last ID is {len(self) - 1}")
        return self._starts.span(own)

    def raw(self, first: int, end: int) -> memoryview[int]:
        """Return the words of this blob's own types with IDs from ``first`` to ``end`` - 1."""
        if first >= end:
            return self._words[:0]
        begin, _ = self._span(first - self.first_id, first)
        return self._words[begin : self._span(end - 1 - self.first_id, end - 1)[1]]

    def of_kinds(self, kinds: Collection[int]) -> list[int]:
        """Return the IDs of this blob's own types of these kinds, in order."""
        words, wanted = self._words, frozenset(kinds)
        starts = enumerate(self._starts.all(), self.first_id)
        return [i for i, at in starts if words[at + 1] >> 24 & BTF_MAX_KIND in wanted]

    def kind(self, type_id: int) -> int:
        """Return a type's BTF_KIND_* without decoding the type."""
        if type_id == 0:
            return 0
        own = type_id - self.first_id
        if own < 0 and self.base is not None and type_id > 0:
            return self.base.kind(type_id)
        return self._words[self._span(own, type_id)[0] + 1] >> 24 & BTF_MAX_KIND

    def __iter__(self) -> Iterator[tuple[int, Type]]:
        """Iterate over this blob's own IDs, without the base's, and their records."""
        if len(self._words) <= _KEPT:
            for type_id in range(self.first_id, len(self)):
                yield type_id, self[type_id]
            return
        starts = [*self._starts.all(), len(self._words)]
        self.strings.read_all()
        for first in range(0, len(starts) - 1, _BATCH):
            records = self._batch(starts[first : first + _BATCH + 1])
            yield from enumerate(records, self.first_id + first)

    def _batch(self, bounds: list[int]) -> list[Type]:
        """Return the records of adjacent types, which start at all of ``bounds`` but the last.

        The garbage collector is paused. Records have no cycles, and visiting hundreds of thousands
        of new tuples again and again would take longer than creating them.
        """
        begin, name = bounds[0], self.strings.at
        words = self._words[begin : bounds[-1]].tolist()
        paused = gc.isenabled()
        gc.disable()
        try:
            return [
                decode_type(words, at - begin, end - begin, name) for at, end in pairwise(bounds)
            ]
        finally:
            if paused:
                gc.enable()

    def find_ids(self, name: str, kind: int | Collection[int] | None = None) -> list[int]:
        """Return the IDs of all types with this name, of this kind or kinds; the base's first."""
        kinds = _kinds(kind)
        found = [] if self.base is None else self.base.find_ids(name, kinds)
        return found + self._own_ids(name, kinds)

    def own_ids(self, name: str, kind: int | Collection[int] | None = None) -> list[int]:
        """Return the IDs of this blob's own types with this name, without the base's."""
        return self._own_ids(name, _kinds(kind))

    def find_id(self, name: str, kind: int | None = None) -> int | None:
        """Return the first ID with this name and kind, or None if there is none."""
        return next(iter(self.find_ids(name, kind)), None)

    def find(self, name: str, kind: int | None = None) -> Type | None:
        """Return the first type with this name and kind, or None if there is none."""
        type_id = self.find_id(name, kind)
        return None if type_id is None else self[type_id]

    def _own_ids(self, name: str, kinds: frozenset[int] | None) -> list[int]:
        self._lookups += 1
        if self._lookups <= _SEARCHES:
            found = self._search(self.strings.offsets(name), kinds)
            found = found or self._search(self.strings.endings(name), kinds)
            return [self.first_id + index for index in found]
        if self._index is None:
            self._index = {}
            for type_id, at in enumerate(self._starts.all(), self.first_id):
                self._index.setdefault(self.strings.at(self._words[at]), []).append(type_id)
        ids = self._index.get(name, [])
        return [one for one in ids if kinds is None or self.kind(one) in kinds]

    def _search(self, names: list[int], kinds: frozenset[int] | None) -> list[int]:
        """Return the indexes of this blob's own types whose name_off is one of these."""
        if len(names) > _FEW:
            wanted, words = frozenset(names), self._words
            starts = enumerate(self._starts.all())
            return [i for i, at in starts if words[at] in wanted and self._is(at, kinds)]
        return sorted(index for name in names for index in self._search_one(name, kinds))

    def _search_one(self, name: int, kinds: frozenset[int] | None) -> Iterator[int]:
        start, stop, _ = self._header.types.indices(len(self._data))
        if self.order == "<":
            # Zero is the most frequent byte: without zeros at its end, the pattern is found 5x
            # faster.
            pattern = name.to_bytes(4, "little").rstrip(b"\0") or bytes(4)
        else:
            pattern = name.to_bytes(4, "big")
        at = self._data.find(pattern, start, stop)
        while at >= 0:
            word, rest = divmod(at - start, 4)
            # The pattern also occurs across words, and in words that do not start a type. Most of
            # those are not followed by a valid info, which saves walking there.
            if not rest and self._words[word] == name and self._is(word, kinds):
                index = self._starts.index_of(word)
                if index is not None:
                    yield index
            at = self._data.find(pattern, at + 1, stop)

    def _is(self, word: int, kinds: frozenset[int] | None) -> bool:
        """Return whether a type starting at this word would have a valid kind (one of these)."""
        if word + 1 >= len(self._words):
            return False
        kind = self._words[word + 1] >> 24 & BTF_MAX_KIND
        return kind != 0 if kinds is None else kind in kinds


def _kinds(kind: int | Collection[int] | None) -> frozenset[int] | None:
    return None if kind is None else frozenset((kind,) if isinstance(kind, int) else kind)


def _words(data: bytes, header: Header) -> memoryview[int]:
    """Return the type section without copying, except to convert the byte order."""
    section = memoryview(data)[header.types]
    if header.order == ("<" if sys.byteorder == "little" else ">"):
        return section.cast("I")
    words = array("I", section.tobytes())
    words.byteswap()
    return memoryview(words)


def _layout(data: bytes, header: Header) -> dict[int, tuple[int, int]]:
    """Return the layout section: kind -> words after btf_type, words of each element."""
    if header.layout is None:
        return {}
    import struct

    rows = struct.iter_unpack(header.order + BTF_LAYOUT, data[header.layout])
    return {
        kind: (info // 4, element // 4)
        for kind, (info, element, _) in enumerate(rows)
        if not info % 4 and not element % 4
    }
