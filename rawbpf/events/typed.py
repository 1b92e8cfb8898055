"""A record of a ring as the C struct that the program filled, by the object's BTF.

A ring carries bytes, and nothing says which struct they are. BTF has the struct if a map's value, a
global variable or a function's parameter has that type; the size of a record and the names then
mostly leave one: programs call it event, or something with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf import types as t
from rawbpf.btf.values.codec import codec
from rawbpf.errors import FormatError, UsageError, did_you_mean
from rawbpf.uapi.btf import BTF_KIND_STRUCT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.btf.values.codec import ValueCodec

__all__ = ["EventType", "guess_type", "named_type", "reachable"]

_PADDING = 8
"""A perf ring shows up to 7 bytes more than the program sent."""


class EventType:
    """A struct that records are read as."""

    def __init__(self, name: str, reader: ValueCodec) -> None:
        self.name, self.size, self._reader = name, reader.size, reader

    def decode(self, data: bytes) -> dict[str, Any]:
        """The members. A record that ends early is read as if zeros followed.

        Programs send the used part of a struct whose last member is an array.
        """
        decoded: dict[str, Any] = self._reader.decode(data.ljust(self.size, b"\0"))
        return decoded


def named_type(types: Btf, name: str) -> EventType:
    """The struct of this name. UsageError names those with a similar one."""
    found = types.find_id(name.removeprefix("struct "), BTF_KIND_STRUCT)
    if found is None:
        known = (record.name for _, record in _structs(types))
        what = f"the object's BTF has no struct {name!r}"
        raise UsageError(what, fix=did_you_mean(name, known, most=3))
    return EventType(name, codec(types, found))


def guess_type(
    types: Btf, size: int, *, padded: bool = False, foreign: Collection[int] = ()
) -> EventType | None:
    """The struct that a record of ``size`` bytes probably is; None if none or several fit.

    ``padded``: the record came through a perf ring. ``foreign``: ids of types that are not sent,
    such as the kernel's own; see ``reachable``.

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
    # The same struct twice (from two files) is one candidate.
    if len({(record.name, record.size) for _, record in top}) > 1:
        return None
    type_id, record = top[0]
    try:
        return EventType(record.name, codec(types, type_id))
    except FormatError:
        return None


def reachable(types: Btf, ids: Iterable[int]) -> set[int]:
    """These types and all that they are made of or point to.

    From those that CO-RE records name one comes to the kernel's types, which programs read, and
    never to those of the program itself.
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
    """How well a struct fits: 0 not at all. A name with "event" in it weighs more than a size."""
    is_event = "event" in record.name.lower()
    exact = record.size == size or (padded and 0 < size - record.size < _PADDING)
    if is_event:
        return 3 if exact else 2 if record.size > size else 0
    return 1 if exact else 0
