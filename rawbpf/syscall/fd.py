"""Owned file descriptors, epoll for waiting, and mmap for sharing memory with the kernel.

Every object that bpf(2) or perf_event_open(2) creates is accessed through a file descriptor, and
lives until its last descriptor is closed (unless it is pinned or attached). Closing a probe's
descriptor removes the probe. The kernel reuses the number of a closed descriptor for the next
open(2), so closing a number twice may close an unrelated file. An Fd therefore clears its number
*before* it closes the descriptor.

epoll is used level-triggered: as long as a ring contains unread records past its wake-up mark,
epoll_wait returns immediately, so a wake-up cannot be missed. Edge-triggered epoll would require a
fence between storing the ring's tail and waiting.

Python's mmap module duplicates the descriptor, so that the event would outlive close(), and it
cannot map read-only memory at an offset. ``Mapping`` therefore calls mmap(2) itself and returns
memoryviews, which raise an error after close() instead of crashing.

The kernel writes a record and then publishes the ring's head. The reader loads the head and then
the record. Both sides must preserve that order. x86-64 does not reorder loads with loads or stores
with stores, so no fences are needed there. An arm64 CPU may read the record before it reads the
head. Python has no memory barriers, but some libc functions contain them. sem_post(3) is a release
operation: all earlier accesses have completed. sem_trywait(3) is an acquire operation: no later
access has started. Together, the two calls form a barrier between the accesses before and after
them. The cost is two ctypes calls each time a ring is read.
"""

from __future__ import annotations

import ctypes
import errno
import struct
import warnings
from abc import ABC, abstractmethod

from rawbpf.arch import X86_64, native
from rawbpf.errors import ClosedError, KernelError
from rawbpf.light_typing import TYPE_CHECKING, Protocol
from rawbpf.syscall.gate import enter

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

__all__ = [
    "EPOLLERR",
    "EPOLLHUP",
    "EPOLLIN",
    "EVENT",
    "MAP_SHARED",
    "PROT_READ",
    "PROT_WRITE",
    "Epoll",
    "Fd",
    "Mapping",
    "Owner",
    "fence",
]


EPOLLIN, EPOLLERR, EPOLLHUP = 0x1, 0x8, 0x10

EVENT = struct.Struct("=IQ" if native(X86_64).epoll_event_packed else "=IxxxxQ")
"""struct epoll_event: the events, and the tag that was registered with the descriptor."""

_EPOLL_CLOEXEC = 0o2000000
_EPOLL_CTL_ADD = 1
_ROOM = 64


class Owner(ABC):
    """The base class of owners of kernel objects: Fd, Mapping, Map, Program, Link and readers."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """Release the owned object. Closing an object twice has no effect."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Fd(Owner):
    """A file descriptor.

    ``label`` identifies the descriptor in messages.

    >>> import os
    >>> with Fd(os.open("/dev/null", os.O_RDONLY), "null") as fd:
    ...     fd
    <Fd null open>
    >>> fd
    <Fd null closed>
    """

    __slots__ = ("_number", "label")

    def __init__(self, number: int, label: str) -> None:
        self._number = number
        self.label = label

    def fileno(self) -> int:
        """Return the number. Raise ClosedError if the object has been closed."""
        if self._number < 0:
            raise ClosedError(f"{self.label} is closed")
        return self._number

    @property
    def closed(self) -> bool:
        """Whether close() has been called."""
        return self._number < 0

    def close(self) -> None:
        """Close the descriptor. Closing an object twice has no effect."""
        number, self._number = self._number, -1
        if number >= 0:
            # Linux frees the descriptor's number even if close(2) reports an error.
            enter("close", number)

    def __del__(self) -> None:
        if getattr(self, "_number", -1) >= 0:
            forgot = f"{self.label} was never closed"
            warnings.warn(forgot, ResourceWarning, stacklevel=2, source=self)
            self.close()

    def __repr__(self) -> str:
        return f"<Fd {self.label} {'closed' if self.closed else 'open'}>"


class Epoll(Owner):
    """An epoll instance. ``wait`` returns pairs that consist of a tag and events."""

    __slots__ = ("_buffer", "_fd")

    def __init__(self) -> None:
        self._fd = Fd(enter("epoll_create1", _EPOLL_CLOEXEC), "epoll")
        self._buffer = ctypes.create_string_buffer(EVENT.size * _ROOM)

    def add(self, fd: int, tag: int, events: int = EPOLLIN) -> None:
        """Watch ``fd``.

        The call fails with EPERM for a regular file, which is always ready.

        Errors and hang-ups are always reported; with ``events=0``, no other events are reported.
        """
        event = ctypes.create_string_buffer(EVENT.pack(events, tag), EVENT.size)
        enter("epoll_ctl", self._fd.fileno(), _EPOLL_CTL_ADD, fd, ctypes.addressof(event))

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        """Wait up to ``timeout`` seconds, or forever if ``timeout`` is None.

        A signal ends the wait.
        """
        # The timeout is rounded up, since rounding down would poll without a pause in the last
        # millisecond.
        ms = -1 if timeout is None else min(max(0, -int(-timeout * 1000 // 1)), 2**31 - 1)
        address = ctypes.addressof(self._buffer)
        try:
            count = enter("epoll_pwait", self._fd.fileno(), address, _ROOM, ms, 0, 0)
        except KernelError as error:
            if error.errno != errno.EINTR:
                raise
            return []
        ready = EVENT.iter_unpack(self._buffer.raw[: count * EVENT.size])
        return [(tag, events) for events, tag in ready]

    def close(self) -> None:
        """Close the instance. The descriptors that it watches stay open."""
        self._fd.close()


PROT_READ, PROT_WRITE = 1, 2
MAP_SHARED = 1
_SEM_T_BYTES = 32  # sizeof(sem_t) in every 64-bit libc for Linux


class HasDescriptor(Protocol):
    """An Fd, or an object that owns an Fd."""

    def fileno(self) -> int:
        """Return the descriptor's number."""


class Mapping(Owner):
    """A shared mapping of ``size`` bytes of a descriptor, starting at ``offset``."""

    __slots__ = ("_address", "_views", "size")

    def __init__(self, fd: HasDescriptor, size: int, *, protection: int, offset: int = 0) -> None:
        self.size = size
        self._views: list[memoryview] = []
        self._address = enter("mmap", 0, size, protection, MAP_SHARED, fd.fileno(), offset)

    def view(self) -> memoryview:
        """Return the contents of the memory as bytes.

        close() releases the view; using the view afterwards is an error.
        """
        if not self._address:
            raise ClosedError("the mapping is closed")
        array = (ctypes.c_ubyte * self.size).from_address(self._address)
        view = memoryview(array).cast("B")
        self._views.append(view)
        return view

    def close(self) -> None:
        """Release all views, then unmap the memory. Closing an object twice has no effect."""
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
"""Complete all memory accesses that precede this call before starting any that follow it."""
