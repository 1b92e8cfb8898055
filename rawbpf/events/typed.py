"""Decode a record as the C struct that the program filled in, using the object's BTF.

A ring transports bytes, without information about their type. The object's BTF contains the struct
if it is the type of a map value, a global variable or a function parameter. The record's size and
the struct's name usually leave only one candidate: most programs call the struct event or
something_event.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from rawbpf.btf import types as t
from rawbpf.btf.sizes import strip
from rawbpf.btf.values.codec import codec
from rawbpf.btf.values.flat import is_flat, leaves
from rawbpf.errors import FormatError, UsageError, did_you_mean
from rawbpf.events.layout import Field, Layout
from rawbpf.uapi.bpf import bpf_map_type
from rawbpf.uapi.btf import BTF_KIND_STRUCT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.btf.values.codec import ValueCodec
    from rawbpf.btf.values.flat import Leaf
    from rawbpf.specs.object_spec import ObjectSpec

__all__ = [
    "EventType",
    "Guesses",
    "guess_type",
    "named_type",
    "reachable",
]

_PADDING = 8
"""A perf ring appends up to 7 bytes to the record that the program sent."""


class EventType:
    """The struct type that records are decoded as."""

    def __init__(self, name: str, reader: ValueCodec) -> None:
        self.name, self.size, self.codec = name, reader.size, reader
        self._layouts: dict[int, Layout] = {}

    @cached_property
    def leaves(self) -> tuple[Leaf, ...] | None:
        """The numbers and texts in the struct, or None if they cannot be read as columns."""
        inner = self.codec.inner
        return tuple(leaves(inner)) if is_flat(inner) else None

    def layout(self, size: int) -> Layout:
        """Return the leaves that end within ``size`` bytes and do not overlap."""
        known = self._layouts.get(size)
        if known is None:
            fields, end = [], 0
            for name, offset, codec in sorted(self.leaves or (), key=lambda leaf: leaf.offset):
                if end <= offset and offset + codec.size <= size:
                    fields.append(Field(name, offset, codec.code))
                    end = offset + codec.size
            known = self._layouts[size] = Layout(size, fields)
        return known

    def decode(self, data: bytes) -> dict[str, Any]:
        """Return the members of the record by name.

        A record that is shorter than the struct is padded with zeros.

        If the last member of a struct is an array, programs often send only the part that is in
        use.
        """
        decoded: dict[str, Any] = self.codec.decode(data.ljust(self.size, b"\0"))
        return decoded


def named_type(types: Btf, name: str) -> EventType:
    """Return the struct with the given name.

    Raises UsageError, with suggestions of similar names, if the object does not define the struct.
    """
    found = types.find_id(name.removeprefix("struct "), BTF_KIND_STRUCT)
    if found is None:
        known = (record.name for _, record in _structs(types))
        what = f"the object's BTF has no struct {name!r}"
        raise UsageError(what, fix=did_you_mean(name, known, most=3))
    return EventType(name, codec(types, found))


def guess_type(
    types: Btf, size: int, *, padded: bool = False, foreign: Collection[int] = ()
) -> EventType | None:
    """Return the struct that records of ``size`` bytes probably contain.

    Returns None unless exactly one struct fits. ``padded`` is true for records from a perf ring.
    ``foreign`` contains the IDs of types that are never sent, such as kernel types (see
    ``reachable``).

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> b = BtfBuilder()
    >>> _ = b.add_struct("open_event", 4, [("pid", b.add_int("unsigned int", 4), 0)])
    >>> guess_type(Btf(b.encode()), 4).decode(bytes([7, 0, 0, 0]))
    {'pid': 7}
    """
    best: dict[int, list[tuple[int, t.Struct]]] = {}
    for type_id, record in _structs(types):
        score = _score(record, size, padded=padded)
        if score and type_id not in foreign:
            best.setdefault(score, []).append((type_id, record))
    if not best:
        return None
    top = best[max(best)]
    # A struct that occurs twice, because two files declare it, counts as one candidate.
    if len({(record.name, record.size) for _, record in top}) > 1:
        return None
    type_id, record = top[0]
    try:
        return EventType(record.name, codec(types, type_id))
    except FormatError:
        return None


def reachable(types: Btf, ids: Iterable[int]) -> set[int]:
    """Return the IDs of the given types and of all types that they contain or point to.

    Starting from the types named in CO-RE records, the search reaches the kernel types that the
    program reads, but none of the program's own types.
    """
    found: set[int] = set()
    waiting = list(ids)
    while waiting:
        number = waiting.pop()
        if not number or number in found:
            continue
        found.add(number)
        record = types[number]
        if isinstance(record, t.Struct | t.Union):
            waiting += [member.type_id for member in record.members]
        elif isinstance(record, t.FuncProto):
            waiting += [record.type_id, *(one.type_id for one in record.params)]
        else:
            waiting.append(getattr(record, "type_id", 0))
    return found


def _structs(types: Btf) -> Iterator[tuple[int, t.Struct]]:
    for type_id, record in types:
        if isinstance(record, t.Struct) and record.name and record.members:
            yield type_id, record


def _score(record: t.Struct, size: int, *, padded: bool) -> int:
    """Rate how well a struct fits; 0 means that it does not fit.

    A name that contains "event" outweighs the size.
    """
    is_event = "event" in record.name.lower()
    exact = record.size == size or (padded and 0 < size - record.size < _PADDING)
    if is_event:
        return 3 if exact else 2 if record.size > size else 0
    return 1 if exact else 0


class Guesses:
    """Guesses which struct an object's records are, once for each map and record size.

    ``(map, size) in guesses`` tells whether a guess has already been made.
    """

    def __init__(self, spec: ObjectSpec) -> None:
        self._spec, self._foreign = spec, _foreign(spec)
        self._known: dict[tuple[str, int], EventType | None] = {}

    def __contains__(self, one: tuple[str, int]) -> bool:
        return one in self._known

    def guess(self, name: str, size: int) -> EventType | None:
        """Return the struct of ``size`` bytes sent through a map, or None if it is ambiguous."""
        if self._spec.btf is None:
            return None
        if (name, size) not in self._known:
            padded = self._spec.maps[name].map_type is bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY
            self._known[name, size] = guess_type(
                self._spec.btf, size, padded=padded, foreign=self._foreign
            )
        return self._known[name, size]


def _foreign(spec: ObjectSpec) -> set[int]:
    """Return the types that are never sent: types named in CO-RE records, and map keys."""
    if spec.btf is None:
        return set()
    named = (
        record.type_id for program in spec.programs.values() for record in program.code.relocations
    )
    keys = (one.btf_key_type_id for one in spec.maps.values())
    return reachable(spec.btf, named) | {strip(spec.btf, key) for key in keys if key}
