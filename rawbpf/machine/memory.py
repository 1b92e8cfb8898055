"""The memory of the machine: all regions, and checked access to them.

Every load and store of a program has a reader or writer of its own, which remembers the region that
it last worked on. Most instructions only ever touch one, so the check is two comparisons:

    region.base <= address <= region.fast_end - size

Anything else takes the long way through ``find``, which searches, and raises when there is nothing.
"""

from __future__ import annotations

import struct
from bisect import bisect_right, insort
from operator import attrgetter
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.fault import fault, outside
from rawbpf.machine.region import GAP, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rawbpf.machine.region import Zone

__all__ = ["Memory"]

_NOWHERE = Region("nowhere", 0, bytearray())
_UNSIGNED = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
_SIGNED = {1: "<b", 2: "<h", 4: "<i"}
_BASE = attrgetter("base")


class Memory:
    """An address space.

    >>> from rawbpf.machine.region import CONTEXT
    >>> memory = Memory()
    >>> context = memory.add(CONTEXT, bytearray(8), "context")
    >>> memory.reader(4)(context.base + 2)
    0
    >>> memory.reader(4)(context.base + 6)
    Traceback (most recent call last):
    ...
    rawbpf.errors.MachineError: reads 4 bytes at 0xc00000000006: 2 bytes beyond the end of context
    """

    def __init__(self) -> None:
        self._regions: list[Region] = []  # by address
        self._next: dict[Zone, int] = {}

    @property
    def regions(self) -> list[Region]:
        """Those that are open, by address."""
        return [region for region in self._regions if region.end > region.base]

    def add(
        self,
        zone: Zone,
        data: bytearray,
        name: str,
        *,
        writable: bool = True,
        origin: int = 0,
        watched: bool = False,
    ) -> Region:
        """Put bytes where programs can reach them."""
        base = self._next.get(zone, zone.base)
        self._next[zone] = -(-(base + len(data) + GAP) // GAP) * GAP
        return self._insert(
            Region(name, base, data, writable=writable, origin=origin, watched=watched)
        )

    def add_at(self, address: int, data: bytearray, name: str, *, writable: bool = False) -> Region:
        """Put bytes at an address of your choice. MachineError if it is taken."""
        region = Region(name, address, data, writable=writable)
        for other in self._regions:
            if other.base < region.reach and address < other.reach:
                raise MachineError(f"{region} and {other} overlap")
        return self._insert(region)

    def _insert(self, region: Region) -> Region:
        insort(self._regions, region, key=_BASE)
        return region

    def remove(self, regions: Iterable[Region]) -> None:
        """Take regions away; whoever remembers one finds it closed."""
        gone = set(regions)
        for region in gone:
            region.close()
        self._regions = [region for region in self._regions if region not in gone]

    def region_at(self, address: int) -> Region | None:
        """The open region that an address points into, or just behind."""
        after = bisect_right(self._regions, address, key=_BASE)
        region = self._regions[after - 1] if after else _NOWHERE
        return region if region.base <= address <= region.end != region.base else None

    def name(self, address: int) -> str | None:
        """What an address points to: ``stack-8``; None if to nothing."""
        region = self.region_at(address)
        return region.place(address) if region else None

    def reader(self, size: int, *, signed: bool = False) -> Callable[[int], int]:
        """A function address -> number of ``size`` bytes, little-endian."""
        unpack = struct.Struct((_SIGNED if signed else _UNSIGNED)[size]).unpack_from
        region = _NOWHERE

        def read(address: int) -> int:
            nonlocal region
            if not region.base <= address <= region.fast_end - size:
                region = self.find(address, size, "reads")
            number: int = unpack(region.data, address - region.base)[0]
            return number

        return read

    def writer(self, size: int) -> Callable[[int, int], None]:
        """A function address, number -> None; of the number the low bytes are stored."""
        pack = struct.Struct(_UNSIGNED[size]).pack_into
        mask = MASK[8 * size]
        region = _NOWHERE

        def write(address: int, value: int) -> None:
            nonlocal region
            if not region.base <= address <= region.fast_end - size:
                region = self.find(address, size, "writes")
            pack(region.data, address - region.base, value & mask)

        return write

    def view(self, address: int, size: int, does: str = "reads") -> memoryview:
        """The bytes at an address, for helpers: ``does`` is "reads" or "writes"."""
        region = self.find(address, size, does)
        start = address - region.base
        return memoryview(region.data)[start : start + size]

    def find(self, address: int, size: int, does: str) -> Region:
        """The region that holds all of these bytes. MachineError when there is none."""
        region = self.region_at(address)
        if region is None or address + size > region.end:
            raise outside(self._regions, does, size, address & MASK[64])
        if does == "writes" and not region.writable:
            raise fault(does, size, address, f"{region.name} is read-only")
        if region.written is not None:
            _look_twice(region, does, size, address)
        return region


def _look_twice(region: Region, does: str, size: int, address: int) -> None:
    """A watched region: nothing may be read that was not written."""
    written = region.written
    assert written is not None
    start = address - region.base
    if does == "writes":
        written[start : start + size] = b"\1" * size
    elif not all(written[start : start + size]):
        missing = region.place(region.base + written.index(0, start))
        raise fault(does, size, address, f"{missing} was not written before")
