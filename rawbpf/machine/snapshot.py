"""A snapshot of a machine's state, and the changes since the snapshot.

The values of maps are compared as map elements, not as memory, so that each change is reported only
once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.machine.region import ELEMENTS, FUNCTIONS
from rawbpf.machine.unset import Unset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rawbpf.machine.machine import Machine

__all__ = ["Change", "Snapshot", "changes", "snapshot"]

_Entry = tuple[bytes, ...]


class Snapshot(NamedTuple):
    """Registers, regions by address, elements by map, and the amount of output so far."""

    registers: tuple[int, ...]
    regions: Mapping[int, bytes]
    maps: Mapping[str, Mapping[tuple[int, bytes], _Entry]]
    records: Mapping[str, int]
    printed: int


class Change(NamedTuple):
    """One difference. ``what`` is "register", "memory", "map", "record" or "printed".

    ``place`` names the register, address or map. ``old`` and ``new`` are the values of a register,
    the bytes in memory, or the values of ``key`` in a map; None means absent.
    """

    what: str
    place: str
    old: object
    new: object
    key: bytes = b""


def snapshot(machine: Machine) -> Snapshot:
    """Take a snapshot of a machine."""
    return Snapshot(
        tuple(machine.registers),
        {
            region.base: bytes(region.data)
            for region in machine.memory.regions
            if not ELEMENTS.base <= region.base < FUNCTIONS.base
        },
        {
            # The number distinguishes values in queues, which have no keys.
            map_.spec.name: {
                (number if not key else 0, key): values
                for number, (key, values) in enumerate(map_.entries())
            }
            for map_ in machine.maps
        },
        {map_.spec.name: len(map_.records) for map_ in machine.maps},
        len(machine.printed),
    )


def changes(before: Snapshot, machine: Machine) -> Iterator[Change]:
    """Yield the differences between a snapshot and the current state of the machine."""
    now = snapshot(machine)
    for number, (old, new) in enumerate(zip(before.registers, now.registers, strict=True)):
        if _differs(old, new):
            yield Change("register", f"r{number}", old, new)
    for base in before.regions.keys() & now.regions.keys():
        yield from _memory(machine, base, before.regions[base], now.regions[base])
    for name, entries in now.maps.items():
        yield from _entries(name, before.maps.get(name, {}), entries)
    for map_ in machine.maps:
        for record in map_.records[before.records.get(map_.spec.name, 0) :]:
            yield Change("record", map_.spec.name, None, record)
    for line in machine.printed[before.printed :]:
        yield Change("printed", "", None, line)


def _differs(old: object, new: object) -> bool:
    """Compare two registers. An `Unset` object raises an error when it is compared with ==."""
    if isinstance(old, Unset) or isinstance(new, Unset):
        return type(old) is not type(new)
    return old != new


def _memory(machine: Machine, base: int, old: bytes, new: bytes) -> Iterator[Change]:
    """Yield each contiguous range of bytes that differ."""
    start, end = 0, 0
    while (start := _first_difference(old, new, end)) < len(new):
        end = start + 1
        while end < len(new) and old[end] != new[end]:
            end += 1
        place = machine.memory.name(base + start) or hex(base + start)
        yield Change("memory", place, old[start:end], new[start:end])


def _first_difference(old: bytes, new: bytes, start: int) -> int:
    if old[start:] == new[start:]:
        return len(new)
    return next(at for at in range(start, len(new)) if old[at] != new[at])


def _entries(
    name: str,
    old: Mapping[tuple[int, bytes], _Entry],
    new: Mapping[tuple[int, bytes], _Entry],
) -> Iterator[Change]:
    for key in {**old, **new}:
        if old.get(key) != new.get(key):
            yield Change("map", name, old.get(key), new.get(key), key[1])
