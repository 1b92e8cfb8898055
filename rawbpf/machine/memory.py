"""The memory of a machine, made up of regions, and checked access to it.

Every load and store instruction has its own reader or writer, which remembers the region that it
last accessed. Most instructions only ever access one region, so the check consists of two
comparisons:

    region.base <= address <= region.fast_end - size

Otherwise, ``find`` searches all regions and raises an error if no region contains the bytes.
"""

from __future__ import annotations

import struct
from bisect import bisect_right, insort
from operator import attrgetter
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.region import GAP, Region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rawbpf.machine.region import Zone

__all__ = ["Memory", "listing"]

_NOWHERE = Region("nowhere", 0, bytearray())
_UNSIGNED = {1: "<B", 2: "<H", 4: "<I", 8: "<Q"}
_SIGNED = {1: "<b", 2: "<h", 4: "<i"}
_BASE = attrgetter("base")
_LISTED = 40


class Memory:
    """An address space made up of memory regions.

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
        """The open regions, sorted by address."""
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
        """Add a region with the contents ``data`` at the next free address of a zone."""
        base = self._next.get(zone, zone.base)
        self._next[zone] = -(-(base + len(data) + GAP) // GAP) * GAP
        return self._insert(
            Region(name, base, data, writable=writable, origin=origin, watched=watched)
        )

    def add_at(self, address: int, data: bytearray, name: str, *, writable: bool = False) -> Region:
        """Add a region with the contents ``data`` at ``address``.

        Raise MachineError if the new region overlaps another one.
        """
        region = Region(name, address, data, writable=writable)
        for other in self._regions:
            if other.base < region.reach and address < other.reach:
                raise MachineError(f"{region} and {other} overlap")
        return self._insert(region)

    def _insert(self, region: Region) -> Region:
        insort(self._regions, region, key=_BASE)
        return region

    def remove(self, regions: Iterable[Region]) -> None:
        """Remove and close regions, so that readers and writers that remember one of them fail."""
        gone = set(regions)
        for region in gone:
            region.close()
        self._regions = [region for region in self._regions if region not in gone]

    def region_at(self, address: int) -> Region | None:
        """Return the open region that contains or ends at an address, or None if there is none."""
        after = bisect_right(self._regions, address, key=_BASE)
        region = self._regions[after - 1] if after else _NOWHERE
        return region if region.base <= address <= region.end != region.base else None

    def name(self, address: int) -> str | None:
        """Return a name such as ``stack-8`` for an address, or None if no region is near."""
        region = self.region_at(address)
        return region.place(address) if region else None

    def reader(self, size: int, *, signed: bool = False) -> Callable[[int], int]:
        """Return a function that reads a little-endian number of ``size`` bytes at an address."""
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
        """Return a function that stores the low ``size`` bytes of a number at an address."""
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
        """Return a view of the bytes at an address, where ``does`` is "reads" or "writes"."""
        region = self.find(address, size, does)
        start = address - region.base
        return memoryview(region.data)[start : start + size]

    def find(self, address: int, size: int, does: str) -> Region:
        """Return the region that contains all of the accessed bytes.

        Raises MachineError if no region contains the bytes.
        """
        region = self.region_at(address)
        if region is None or address + size > region.end:
            raise _outside(self._regions, does, size, address & MASK[64])
        if does == "writes" and not region.writable:
            raise _fault(does, size, address, f"{region.name} is read-only")
        if region.written is not None:
            _check_written(region, does, size, address)
        return region


def _check_written(region: Region, does: str, size: int, address: int) -> None:
    """Record a write to a watched region, or raise an error if unwritten bytes are read."""
    written = region.written
    assert written is not None
    start = address - region.base
    if does == "writes":
        written[start : start + size] = b"\1" * size
    elif not all(written[start : start + size]):
        missing = region.place(region.base + written.index(0, start))
        raise _fault(does, size, address, f"{missing} was never written")


def _fault(
    does: str, size: int, address: int, why: str, fix: str | None = None, details: str = ""
) -> MachineError:
    """Return the error for a failed access, where ``does`` is "reads" or "writes"."""
    what = f"{does} {_bytes(size)} at {address:#x}"
    return MachineError(what, why=why, fix=fix, details=details)


def _outside(regions: Iterable[Region], does: str, size: int, address: int) -> MachineError:
    """Return the error for an access that no open region contains."""
    regions = list(regions)
    details = listing(regions)
    if address < GAP:
        fix = "compare the pointer with 0 before using it"
        return _fault(does, size, address, "the pointer is NULL or close to NULL", fix, details)
    words = (_relation(region, address, address + size) for region in regions)
    why = next(filter(None, words), "this address does not refer to any memory")
    return _fault(does, size, address, why, details=details)


def _relation(region: Region, start: int, end: int) -> str | None:
    """Describe an access that narrowly misses a region, or return None if no region is near."""
    if region.end == region.base:
        return f"{region.name} has been freed" if region.base <= start < region.reach else None
    if region.base <= start < region.reach + GAP:
        return f"{_bytes(end - region.reach)} beyond the end of {region.name}"
    if region.base - GAP < start < region.base:
        return f"{_bytes(region.base - start)} before {region.name}"
    return None


def _bytes(count: int) -> str:
    return f"{count} byte" if count == 1 else f"{count} bytes"


def listing(regions: Iterable[Region]) -> str:
    """Format a table of the open regions, one per line."""
    rows = [
        f"{region.base:#14x} - {region.end:#14x}  {region.name}, {len(region.data)} bytes"
        + ("" if region.writable else ", read-only")
        for region in regions
        if region.end > region.base
    ]
    more = [f"... and {len(rows) - _LISTED} more"] if len(rows) > _LISTED else []
    return "\n".join(["regions:", *rows[:_LISTED], *more])
