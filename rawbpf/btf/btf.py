"""A BTF blob, read lazily: ids, names, records.

The kernel's BTF has some 126,000 types in 5 MB. Types have no index and differ in length, so one
pass over their ``info`` words is due to know where each begins; that, and no more, happens at
opening (about 15 ms). A type is decoded when it is asked for. A name is looked up backwards:
its offset in the string section, then that offset's four bytes in the type section.

Split BTF (a module's) continues its base: its first id is ``len(base)``, its first string offset
the length of the base's strings.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from rawbpf.btf.decode import decode_type, size_table
from rawbpf.btf.header import Header, decode_header
from rawbpf.btf.strings import Strings
from rawbpf.btf.types import VOID, Type
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_LAYOUT, BTF_MAX_KIND

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Btf"]

_FEW = 8
"""Up to how many string offsets are searched for one by one: each search reads all types."""

_SEARCHES = 16
"""How many names are searched for (4 ms each in the kernel's BTF) before an index of all names is
made (100 ms and 30 MB)."""


class Btf:
    """Types by id and by name.

    ``btf[id]`` is a record of ``rawbpf.btf.types``, ``len(btf)`` the number of ids, void and the
    base's included. FormatError: the bytes are no BTF, or an id or name is out of range.

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
        "_offsets",
        "_records",
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
        self._offsets = _starts(self._words, _layout(data, self._header))
        self._records: dict[int, Type] = {0: VOID}
        self._index: dict[str, list[int]] | None = None
        self._lookups = 0

    @classmethod
    def from_bytes(cls, data: bytes, base: Btf | None = None) -> Btf:
        """Open a blob; ``base`` is what a split one (a kernel module's) builds on."""
        return cls(data, base)

    @property
    def order(self) -> str:
        """The byte order as struct spells it: ``<`` or ``>``."""
        return self._header.order

    @property
    def words(self) -> int:
        """The length of the type section, the base's included, in 32-bit words."""
        return len(self._words) + (0 if self.base is None else self.base.words)

    def __len__(self) -> int:
        return self.first_id + len(self._offsets)

    def __getitem__(self, type_id: int) -> Type:
        record = self._records.get(type_id)
        if record is None:
            own = type_id - self.first_id
            if own < 0 and self.base is not None:
                return self.base[type_id]
            at, end = self._span(own, type_id)
            record = decode_type(self._words, at, end, self.strings)
            self._records[type_id] = record
        return record

    def _span(self, own: int, type_id: int) -> tuple[int, int]:
        if not 0 <= own < len(self._offsets):
            raise FormatError(f"BTF has no type {type_id}", why=f"its ids end at {len(self) - 1}")
        last = own + 1 == len(self._offsets)
        return self._offsets[own], len(self._words) if last else self._offsets[own + 1]

    def kind(self, type_id: int) -> int:
        """A type's BTF_KIND_* without decoding it."""
        if type_id == 0:
            return 0
        own = type_id - self.first_id
        if own < 0 and self.base is not None and type_id > 0:
            return self.base.kind(type_id)
        return self._words[self._span(own, type_id)[0] + 1] >> 24 & BTF_MAX_KIND

    def __iter__(self) -> Iterator[tuple[int, Type]]:
        """Its own ids (not the base's) with their records, in order."""
        words, strings = self._words, self.strings
        starts = self._offsets.tolist()
        for type_id, (at, end) in enumerate(pairwise([*starts, len(words)]), self.first_id):
            yield type_id, decode_type(words, at, end, strings)

    def find_ids(self, name: str, kind: int | None = None) -> list[int]:
        """The ids of all types of that name (and kind), in order; the base's come first."""
        found = [] if self.base is None else self.base.find_ids(name, kind)
        return found + [i for i in self._own_ids(name) if kind is None or self.kind(i) == kind]

    def find_id(self, name: str, kind: int | None = None) -> int | None:
        """The first id of that name (and kind), if there is one."""
        return next(iter(self.find_ids(name, kind)), None)

    def find(self, name: str, kind: int | None = None) -> Type | None:
        """The first type of that name (and kind), if there is one."""
        type_id = self.find_id(name, kind)
        return None if type_id is None else self[type_id]

    def _own_ids(self, name: str) -> list[int]:
        self._lookups += 1
        if self._lookups <= _SEARCHES:
            return [self.first_id + i for i in self._search(self.strings.offsets(name))]
        if self._index is None:
            self._index = {}
            for type_id, at in enumerate(self._offsets, self.first_id):
                self._index.setdefault(self.strings.at(self._words[at]), []).append(type_id)
        return self._index.get(name, [])

    def _search(self, names: list[int]) -> list[int]:
        """Indexes of own types whose name_off is one of these."""
        if len(names) > _FEW:
            wanted, words = frozenset(names), self._words
            return [i for i, at in enumerate(self._offsets) if words[at] in wanted]
        return sorted(index for name in names for index in self._search_one(name))

    def _search_one(self, name: int) -> Iterator[int]:
        start, stop, _ = self._header.types.indices(len(self._data))
        pattern = name.to_bytes(4, "little" if self.order == "<" else "big")
        at = self._data.find(pattern, start, stop)
        while at >= 0:
            word, rest = divmod(at - start, 4)
            index = bisect_left(self._offsets, word)
            # The pattern also occurs across words and in words that are not a type's first.
            if not rest and index < len(self._offsets) and self._offsets[index] == word:
                yield index
            at = self._data.find(pattern, at + 1, stop)


def _words(data: bytes, header: Header) -> array[int]:
    words = array("I")
    words.frombytes(data[header.types])
    if header.order != ("<" if sys.byteorder == "little" else ">"):
        words.byteswap()
    return words


def _layout(data: bytes, header: Header) -> dict[int, tuple[int, int]]:
    """The layout section: kind -> words after its btf_type, words of each element."""
    if header.layout is None:
        return {}
    import struct

    rows = struct.iter_unpack(header.order + BTF_LAYOUT, data[header.layout])
    return {
        kind: (info // 4, element // 4)
        for kind, (info, element, _) in enumerate(rows)
        if not info % 4 and not element % 4
    }


def _starts(words: array[int], layout: dict[int, tuple[int, int]]) -> array[int]:
    """Where each type begins."""
    offsets: array[int] = array("I")
    append, sizes, infos = offsets.append, size_table(layout), words[1:]
    at, end = 0, len(words)
    while at < end - 2:
        append(at)
        at += sizes[infos[at]]
    if at != end:
        raise FormatError(
            "damaged BTF", why=f"type {len(offsets)} ends at word {at}, the type section at {end}"
        )
    return offsets
