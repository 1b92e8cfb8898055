"""From an address to the function that holds it.

A stack trace is a list of addresses. kallsyms knows where each function begins and not where it
ends, so an address belongs to the last function that begins at or before it, unless that is
implausibly far away: between two modules there is nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rawbpf.symbols.kallsyms import Kallsyms, Symbol

__all__ = ["Place", "Symbolizer"]

_FARTHEST = 1 << 16
"""No function of the kernel is longer than this."""


class Place(NamedTuple):
    """An address as a person reads it: so many bytes into a function."""

    symbol: Symbol
    offset: int

    def __str__(self) -> str:
        module = f" [{self.symbol.module}]" if self.symbol.module else ""
        return f"{self.symbol.name}+{self.offset:#x}{module}"


class Symbolizer:
    r"""Holds the functions of a ``Kallsyms`` in the order of their addresses.

    Building one parses everything (0.2 s and some 30 MB); each answer is then a binary search.

    >>> from rawbpf.symbols.kallsyms import Kallsyms
    >>> place = Symbolizer(Kallsyms(b"ff10 T vfs_read\nff80 t helper\t[ext4]\n"))
    >>> print(place(0xFF10), place(0xFF8A), place(0xFF00))
    vfs_read+0x0 helper+0xa [ext4] None
    """

    __slots__ = ("_addresses", "_symbols")

    def __init__(self, kallsyms: Kallsyms) -> None:
        text = (symbol for symbol in kallsyms if symbol.is_text)
        self._symbols = sorted(text, key=lambda symbol: symbol.address)
        self._addresses = array("Q", (symbol.address for symbol in self._symbols))

    def __call__(self, address: int) -> Place | None:
        """The function that ``address`` lies in; None if in none (or if addresses are hidden)."""
        index = bisect_right(self._addresses, address) - 1
        if index < 0 or not 0 <= address - self._addresses[index] < _FARTHEST:
            return None
        # Of several names for one address the first in the file is the one that the kernel shows.
        first = self._addresses.index(self._addresses[index], max(0, index - 64))
        return Place(self._symbols[first], address - self._addresses[index])
