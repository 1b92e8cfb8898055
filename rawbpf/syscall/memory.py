"""mmap(2) of a descriptor, as an address.

Python's own mmap module would do for a writable mapping, but it duplicates the descriptor (so that
the event outlives our close) and cannot map at an offset what it may only read. A raw address
has no such opinions, and no protection either: ``Mapping`` is what stands between the two.
"""

from __future__ import annotations

import ctypes
from typing import Protocol

from rawbpf.errors import ClosedError
from rawbpf.syscall.gate import enter
from rawbpf.syscall.owner import Owner

__all__ = ["PROT_READ", "PROT_WRITE", "Mapping"]

PROT_READ, PROT_WRITE = 1, 2
_MAP_SHARED = 1


class HasDescriptor(Protocol):
    """An Fd, or what owns one."""

    def fileno(self) -> int:
        """The descriptor's number."""


class Mapping(Owner):
    """``size`` bytes of ``fd`` from ``offset``, shared with the kernel until close()."""

    __slots__ = ("_address", "_views", "size")

    def __init__(self, fd: HasDescriptor, size: int, *, protection: int, offset: int = 0) -> None:
        self.size = size
        self._views: list[memoryview] = []
        self._address = enter("mmap", 0, size, protection, _MAP_SHARED, fd.fileno(), offset)

    def view(self) -> memoryview:
        """The bytes, until close() releases the view: a later use is an error, not a crash."""
        if not self._address:
            raise ClosedError("the mapping is closed")
        array = (ctypes.c_ubyte * self.size).from_address(self._address)
        view = memoryview(array).cast("B")
        self._views.append(view)
        return view

    def close(self) -> None:
        """Release every view, then unmap. Closing twice does nothing."""
        for view in self._views:
            view.release()
        self._views.clear()
        address, self._address = self._address, 0
        if address:
            enter("munmap", address, self.size)
