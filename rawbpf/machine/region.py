"""A region: bytes that a program can reach, at an address of their own.

Registers hold plain numbers, so an address is a plain number too, and arithmetic on pointers needs
no special care. What kind of memory an address is in shows in its first digit:

    0x0000_2000_0000   packet: below 4 GiB, as the fields of the context that point to it are u32
    0x5000_0000_0000   stack frames
    0x9000_0000_0000   memory that was given, for the probe_read family
    0xa000_0000_0000   maps; nothing can be read there
    0xb000_0000_0000   records that are being written, of ring buffers
    0xc000_0000_0000   context
    0xe000_0000_0000   elements: values of maps, and keys that callbacks see
    0xf000_0000_0000   functions; nothing can be read there

At least a page of nothing lies between two regions, so that what reads beyond one never lands in
another.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CONTEXT", "ELEMENTS", "FUNCTIONS", "GAP", "GIVEN", "MAPS", "PACKET", "RECORDS",
           "STACK", "Region", "Zone"]  # fmt: skip

GAP = 0x1000
"""Regions begin at multiples of this, and at least as much separates them."""


class Zone(NamedTuple):
    """Where the regions of one kind begin."""

    name: str
    base: int


PACKET = Zone("packet", 0x2000_0000)
STACK = Zone("stack frames", 0x5000_0000_0000)
GIVEN = Zone("memory that was given", 0x9000_0000_0000)
MAPS = Zone("maps; nothing can be read there", 0xA000_0000_0000)
RECORDS = Zone("records that are being written", 0xB000_0000_0000)
CONTEXT = Zone("context", 0xC000_0000_0000)
ELEMENTS = Zone("values of maps", 0xE000_0000_0000)
FUNCTIONS = Zone("functions; nothing can be read there", 0xF000_0000_0000)


class Region:
    """``data`` at addresses ``base`` up to ``end``.

    ``end`` is ``base`` while the region is closed: then every access fails. ``origin`` is where
    offsets count from when they are shown; the stack's is its upper end, as r10 points there.
    ``written`` has a byte for each of data, 1 when it was written; None: nobody asks.
    ``fast_end`` is the end for accesses that need no second look, see `memory.py`.
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
        """Let it be accessed."""
        self.end = self.base + len(self.data)
        self.fast_end = self.base if self.written is not None else self.end

    def close(self) -> None:
        """Let every access fail from now on."""
        self.end = self.fast_end = self.base

    @property
    def reach(self) -> int:
        """Where it ends, open or closed."""
        return self.base + len(self.data)

    def place(self, address: int) -> str:
        """An address in or near it, in words: ``stack-8``.

        >>> Region("context", 0xC000_0000_0000, bytearray(8)).place(0xC000_0000_0004)
        'context+4'
        """
        return f"{self.name}{address - self.origin:+}"

    def __repr__(self) -> str:
        return f"<{self.name} at {self.base:#x}, {len(self.data)} bytes>"
