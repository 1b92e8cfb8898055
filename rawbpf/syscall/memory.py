"""Memory shared with the kernel: mmap(2) of a descriptor, and the order of loads and stores.

Python's mmap module duplicates the descriptor, so that the event would outlive close(), and cannot
map read-only memory at an offset. ``Mapping`` therefore calls mmap(2) itself and gives out
memoryviews, which raise an error after close() instead of crashing.

The kernel writes a record and then publishes the ring's head. The reader loads the head and then
the record. Both sides must keep that order. x86-64 does not reorder loads with loads or stores with
stores, so nothing needs to be done there. An arm64 CPU may read the record before the head.

Python has no memory barriers, but functions of libc contain them. sem_post(3) is a release: all
earlier accesses are done. sem_trywait(3) is an acquire: no later access has started. Together they
are a barrier between the accesses before and after. The cost is two ctypes calls each time a ring
is read.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Protocol

from rawbpf.arch import X86_64, native
from rawbpf.errors import ClosedError
from rawbpf.syscall.fd import Owner
from rawbpf.syscall.gate import enter

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "PROT_READ",
    "PROT_WRITE",
    "Mapping",
    "fence",
]

PROT_READ, PROT_WRITE = 1, 2
_MAP_SHARED = 1
_SEM_T_BYTES = 32  # sizeof(sem_t) in every 64-bit libc for Linux


class HasDescriptor(Protocol):
    """An Fd, or an object that owns one."""

    def fileno(self) -> int:
        """Return the descriptor's number."""


class Mapping(Owner):
    """A shared mapping of ``size`` bytes of a descriptor, from ``offset`` on."""

    __slots__ = ("_address", "_views", "size")

    def __init__(self, fd: HasDescriptor, size: int, *, protection: int, offset: int = 0) -> None:
        self.size = size
        self._views: list[memoryview] = []
        self._address = enter("mmap", 0, size, protection, _MAP_SHARED, fd.fileno(), offset)

    def view(self) -> memoryview:
        """Return the memory as bytes. close() releases the view, and using it then is an error."""
        if not self._address:
            raise ClosedError("the mapping is closed")
        array = (ctypes.c_ubyte * self.size).from_address(self._address)
        view = memoryview(array).cast("B")
        self._views.append(view)
        return view

    def close(self) -> None:
        """Release all views, then unmap the memory. Closing twice does nothing."""
        for view in self._views:
            view.release()
        self._views.clear()
        address, self._address = self._address, 0
        if address:
            enter("munmap", address, self.size)


def _semaphore_fence() -> Callable[[], None]:
    libc = ctypes.CDLL(None)
    semaphore = ctypes.create_string_buffer(_SEM_T_BYTES)
    libc.sem_init(semaphore, 0, 0)

    def semaphore_fence() -> None:
        libc.sem_post(semaphore)
        libc.sem_trywait(semaphore)

    return semaphore_fence


def _nothing() -> None:
    pass


fence = _semaphore_fence() if native(X86_64).weakly_ordered else _nothing
"""Complete all memory accesses before this call, before any access after it starts."""
