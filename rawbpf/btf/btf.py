"""A BTF blob that is decoded lazily, with types accessible by ID and by name.

The kernel's BTF contains about 126,000 types in 5 MB, but a program needs only a few of them, so
opening a blob does no decoding. Type offsets (``starts``) are scanned only as far as needed, and a
type is decoded on first access. Looking up a name works in reverse: find the name's string offset,
then search the type section for that offset. With an index (``index``), finding a type takes only a
few steps, whether by ID or by name.

Split BTF, such as a module's, extends its base: its first ID is ``len(base)``, and its first string
offset is the size of the base's string section.
"""

from __future__ import annotations

import gc
from array import array
from itertools import pairwise
from typing import TYPE_CHECKING

from rawbpf.btf.decode import decode_type
from rawbpf.btf.header import decode_header, layout_of_kinds, type_words
from rawbpf.btf.index import Index
from rawbpf.btf.names import SortedNames
from rawbpf.btf.search import Search
from rawbpf.btf.starts import Starts
from rawbpf.btf.strings import Strings
from rawbpf.btf.types import VOID, Type
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_MAX_KIND

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

__all__ = ["Btf"]

_KEPT = 1 << 16
"""The size in 32-bit words up to which all records are cached.

A program's types are read repeatedly."""

_BATCH = 1024
"""The number of types to decode at a time when all types are needed."""

_SEARCHES = 32
"""The number of name lookups after which all names are sorted.

In the kernel's BTF, a lookup takes 1.5 ms. Sorting takes 60 ms and 0.4 MB.
"""


class Btf:
    """A BTF blob, indexed by type ID and by name.

    ``btf[id]`` is a record from ``rawbpf.btf.types``; ``len(btf)`` is the number of IDs, including
    void and the base's IDs. Raises FormatError if the data is damaged or if an ID or name offset is
    out of range.

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
        "_learned",
        "_lookups",
        "_names",
        "_records",
        "_search",
        "_starts",
        "_words",
        "base",
        "first_id",
        "strings",
    )

    def __init__(
        self,
        data: bytes,
        base: Btf | None = None,
        index: Index | None = None,
        learned: Callable[[Index], None] = lambda _: None,
    ) -> None:
        self._data = data
        self._header = decode_header(data)
        self.base = base
        self.first_id = 1 if base is None else len(base)
        self.strings: Strings = Strings(
            data[self._header.strings], None if base is None else base.strings
        )
        self._words = type_words(data, self._header)
        self._starts = Starts(self._words, layout_of_kinds(data, self._header), index)
        self._search = Search(data, self._header, self._words, self.strings, self._starts)
        self._records: dict[int, Type] = {0: VOID}
        self._names: SortedNames | None = None
        if index is not None and index.names:
            self._names = SortedNames(self._words, self.strings, index.names)
        self._learned = learned
        self._lookups = 0

    @classmethod
    def from_bytes(cls, data: bytes, base: Btf | None = None) -> Btf:
        """Open a BTF blob; ``base`` is required for split BTF, such as a kernel module's."""
        return cls(data, base)

    def index(self) -> Index:
        """Return the locations of types found so far, to speed up the next reader of the same blob.

        ``Btf(data, index=...)`` uses it. ``learned`` is called with a better index after all names
        have been sorted.
        """
        names = array("I") if self._names is None else self._names.positions
        return Index(len(self._starts), self._starts.groups(), names)

    @property
    def order(self) -> str:
        """The byte order, ``<`` or ``>`` as in the struct module."""
        return self._header.order

    @property
    def words(self) -> int:
        """The type section's length in 32-bit words, including the base's types."""
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
            raise FormatError(
                f"BTF has no type {type_id}", why=f"the last type ID is {len(self) - 1}"
            )
        return self._starts.span(own)

    def raw(self, first: int, end: int) -> memoryview[int]:
        """Return the words of this blob's own types with IDs from ``first`` to ``end`` - 1."""
        if first >= end:
            return self._words[:0]
        begin, _ = self._span(first - self.first_id, first)
        return self._words[begin : self._span(end - 1 - self.first_id, end - 1)[1]]

    def of_kinds(self, kinds: Collection[int]) -> list[int]:
        """Return the IDs of this blob's own types of the given kinds, in order."""
        words, wanted = self._words, frozenset(kinds)
        starts = enumerate(self._starts.all(), self.first_id)
        return [i for i, at in starts if words[at + 1] >> 24 & BTF_MAX_KIND in wanted]

    def kind(self, type_id: int) -> int:
        """Return a type's BTF_KIND_* constant without decoding the type."""
        if type_id == 0:
            return 0
        own = type_id - self.first_id
        if own < 0 and self.base is not None and type_id > 0:
            return self.base.kind(type_id)
        return self._words[self._span(own, type_id)[0] + 1] >> 24 & BTF_MAX_KIND

    def __iter__(self) -> Iterator[tuple[int, Type]]:
        """Iterate over the IDs and records of this blob's own types, without the base's types."""
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
        """Return the records of adjacent types, given the offsets of their boundaries.

        The garbage collector is paused during decoding. Records contain no cycles, and visiting
        hundreds of thousands of new tuples repeatedly would take longer than creating them.
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
        """Return the IDs of all types with the given name and kind or kinds.

        The base's IDs come first.
        """
        kinds = _kinds(kind)
        found = [] if self.base is None else self.base.find_ids(name, kinds)
        return found + self._own_ids(name, kinds)

    def own_ids(self, name: str, kind: int | Collection[int] | None = None) -> list[int]:
        """Return the IDs of this blob's own types with the given name, without the base's types."""
        return self._own_ids(name, _kinds(kind))

    def find_id(self, name: str, kind: int | None = None) -> int | None:
        """Return the ID of the first type with this name and kind, or None if there is none."""
        return next(iter(self.find_ids(name, kind)), None)

    def find(self, name: str, kind: int | None = None) -> Type | None:
        """Return the first type with the given name and kind, or None if no type matches."""
        type_id = self.find_id(name, kind)
        return None if type_id is None else self[type_id]

    def names_beginning_with(self, beginning: str) -> Iterator[str]:
        """Yield the type names with this prefix, sorted, with the base's names first."""
        if self.base is not None:
            yield from self.base.names_beginning_with(beginning)
        yield from self._sorted().beginning_with(beginning)

    def flavours(self, name: str) -> list[str]:
        """Return all flavours of a name (the name, ``___`` and a suffix), as in libbpf."""
        if self._names is None:
            return self.strings.flavours(name)
        below = [] if self.base is None else self.base.flavours(name)
        return list(dict.fromkeys([*below, *self._names.beginning_with(f"{name}___")]))

    def _own_ids(self, name: str, kinds: frozenset[int] | None) -> list[int]:
        self._lookups += 1
        if not name or (self._lookups <= _SEARCHES and self._names is None):
            return [self.first_id + index for index in self._search.find(name, kinds)]
        return [
            number for number in self._in_order(name) if not kinds or self.kind(number) in kinds
        ]

    def _in_order(self, name: str) -> Iterator[int]:
        """Yield the IDs of this blob's own types with this name, using the sorted list of names."""
        for position in self._sorted().find(name):
            index = self._starts.index_of(position)
            if index is None:
                raise FormatError("damaged type index", why=f"no type starts at word {position}")
            yield self.first_id + index

    def _sorted(self) -> SortedNames:
        if self._names is None:
            self._names = SortedNames.sort(self._words, self.strings, self._starts.all())
            self._learned(self.index())
        return self._names


def _kinds(kind: int | Collection[int] | None) -> frozenset[int] | None:
    return None if kind is None else frozenset((kind,) if isinstance(kind, int) else kind)
