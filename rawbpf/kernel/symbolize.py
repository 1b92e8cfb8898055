"""Find the function that contains an address, for stack traces.

kallsyms contains the start of each function but not its end. An address belongs to the last
function that starts at or before it, unless the distance is implausibly large, since there are gaps
between modules.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

from rawbpf.kernel.hardware import Root, at
from rawbpf.kernel.kallsyms import Kallsyms

if TYPE_CHECKING:
    from rawbpf.kernel.kallsyms import Symbol

__all__ = ["KernelSymbols", "Place", "Symbolizer"]

_KERNEL_HALF = 1 << 63
"""Kernel addresses have the highest bit set, on x86-64 and on arm64."""

_FARTHEST = 1 << 16
"""An upper bound for the size of a kernel function in bytes."""


class Place(NamedTuple):
    """An address, expressed as a function and an offset in bytes."""

    symbol: Symbol
    offset: int

    def __str__(self) -> str:
        module = f" [{self.symbol.module}]" if self.symbol.module else ""
        return f"{self.symbol.name}+{self.offset:#x}{module}"


class Symbolizer:
    r"""The functions of a ``Kallsyms``, sorted by address.

    Creating the table parses all lines (0.2 s, about 30 MB). Each lookup is then a binary search.

    >>> from rawbpf.kernel.kallsyms import Kallsyms
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
        """Return the function that contains ``address``.

        The result is None if no function is known there, or if addresses are hidden.
        """
        index = bisect_right(self._addresses, address) - 1
        if index < 0 or not 0 <= address - self._addresses[index] < _FARTHEST:
            return None
        # If several symbols share the function's address, the first of them in the file is used, as
        # in the kernel.
        first = self._addresses.index(self._addresses[index], max(0, index - 64))
        return Place(self._symbols[first], address - self._addresses[index])


class KernelSymbols:
    """Finds the names of functions at addresses in the running kernel.

    The symbols are parsed when the first kernel address is looked up. The file is opened
    immediately, because the kernel checks the opener's capabilities (CAP_SYSLOG), which may be
    dropped before the first lookup.

    >>> with KernelSymbols("/nonexistent") as symbols:
    ...     print(symbols.name(0xFFFFFFFF81000000), symbols.name(7))
    None None
    """

    def __init__(self, root: Root = "/") -> None:
        self._file = None
        with suppress(OSError):
            self._file = open(at(root, "/proc/kallsyms"), "rb")  # noqa: PTH123, SIM115 -- files.at

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Once symbols have been parsed, they are kept."""
        if self._file is not None:
            self._file.close()

    def name(self, address: int) -> str | None:
        """Return ``function+offset``, or None if the address is not in a kernel function."""
        if address < _KERNEL_HALF:
            return None
        place = self._places(address)
        return None if place is None else str(place)

    @cached_property
    def _places(self) -> Symbolizer:
        data = b""
        if self._file is not None and not self._file.closed:
            with suppress(OSError):
                data = self._file.read()
        return Symbolizer(Kallsyms(data))
