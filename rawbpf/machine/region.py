"""A region of memory that a program can access, which has an address of its own.

Registers contain plain numbers, so addresses are plain numbers too, and pointer arithmetic needs no
special handling. The first digit of an address identifies the kind of memory:

    0x0000_2000_0000  │ packet: below 4 GiB, as the fields of the context that point to it are u32
    0x5000_0000_0000  │ stack frames
    0x9000_0000_0000  │ other memory, for the probe_read helpers
    0xa000_0000_0000  │ maps; not readable
    0xb000_0000_0000  │ reserved ring buffer records
    0xc000_0000_0000  │ context
    0xe000_0000_0000  │ map values, and the keys that callbacks receive
    0xf000_0000_0000  │ functions; not readable

Regions are separated by an unmapped gap of at least one page, so that an access past the end of a
region never reaches the next one.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CONTEXT", "ELEMENTS", "FUNCTIONS", "GAP", "GIVEN", "MAPS", "PACKET", "RECORDS",
           "STACK", "Region", "Zone"]  # fmt: skip

GAP = 0x1000
"""The alignment of regions, which is also the minimum gap between them."""


class Zone(NamedTuple):
    """The start addresses for each kind of region."""

    name: str
    base: int


PACKET = Zone("packet", 0x2000_0000)
STACK = Zone("stack frames", 0x5000_0000_0000)
GIVEN = Zone("other memory, for the probe_read helpers", 0x9000_0000_0000)
MAPS = Zone("maps; not readable", 0xA000_0000_0000)
RECORDS = Zone("reserved ring buffer records", 0xB000_0000_0000)
CONTEXT = Zone("context", 0xC000_0000_0000)
ELEMENTS = Zone("map values, and keys in callbacks", 0xE000_0000_0000)
FUNCTIONS = Zone("functions; not readable", 0xF000_0000_0000)


class Region:
    """A region that maps ``data`` to the addresses from ``base`` to ``end``.

    While the region is closed, ``end`` equals ``base``, so that every access fails. Displayed
    offsets are relative to ``origin``; for the stack, ``origin`` is the upper end, where r10
    points. ``written`` contains one byte per data byte, which is 1 once that byte has been written;
    it is None if writes are not tracked. ``fast_end`` is the end of the address range in which
    accesses need no further check (see `memory.py`).
    """

    __slots__ = ("base", "data", "end", "fast_end", "name", "origin", "writable", "written")

    def __init__(
        self,
        name: str,
        base: int,
        data: bytearray,
        *,
        writable: bool = True,
        origin: int = 0,
        watched: bool = False,
    ) -> None:
        self.name, self.base, self.data, self.writable = name, base, data, writable
        self.origin = base + origin
        self.written = bytearray(len(data)) if watched else None
        self.open()

    def open(self) -> None:
        """Allow accesses."""
        self.end = self.base + len(self.data)
        self.fast_end = self.base if self.written is not None else self.end

    def close(self) -> None:
        """Close the region, so that every access fails."""
        self.end = self.fast_end = self.base

    @property
    def reach(self) -> int:
        """The end address of the region, whether it is open or closed."""
        return self.base + len(self.data)

    def place(self, address: int) -> str:
        """Return a symbolic name for an address in or near the region, such as ``stack-8``.

        >>> Region("context", 0xC000_0000_0000, bytearray(8)).place(0xC000_0000_0004)
        'context+4'
        """
        return f"{self.name}{address - self.origin:+}"

    def __repr__(self) -> str:
        return f"<{self.name} at {self.base:#x}, {len(self.data)} bytes>"
