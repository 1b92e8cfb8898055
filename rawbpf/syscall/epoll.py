"""epoll: sleep until one of several descriptors has something to say.

Level-triggered: as long as a ring holds unread records past its wake-up mark, epoll_wait returns at
once, so a wake-up cannot be missed. Edge-triggered epoll would need a fence between storing our
position and sleeping that Python cannot give.
"""

from __future__ import annotations

import ctypes
import errno
import struct

from rawbpf.arch import X86_64, native
from rawbpf.errors import KernelError
from rawbpf.syscall.fd import Fd, Owner
from rawbpf.syscall.gate import enter

__all__ = ["EPOLLERR", "EPOLLHUP", "EPOLLIN", "EVENT", "Epoll"]

EPOLLIN, EPOLLERR, EPOLLHUP = 0x1, 0x8, 0x10

_EPOLL_CLOEXEC = 0o2000000
_EPOLL_CTL_ADD = 1
EVENT = struct.Struct("=IQ" if native(X86_64).epoll_event_packed else "=IxxxxQ")
"""(events, the word that was given with the descriptor)."""
_ROOM = 64


class Epoll(Owner):
    """An epoll instance; ``wait`` returns (tag, events) pairs."""

    __slots__ = ("_buffer", "_fd")

    def __init__(self) -> None:
        self._fd = Fd(enter("epoll_create1", _EPOLL_CLOEXEC), "epoll")
        self._buffer = ctypes.create_string_buffer(EVENT.size * _ROOM)

    def add(self, fd: int, tag: int, events: int = EPOLLIN) -> None:
        """Watch ``fd``. EPERM: a regular file, which is always ready and cannot be watched.

        Errors and hang-ups are reported whether asked for or not; ``events=0`` asks for them alone.
        """
        event = ctypes.create_string_buffer(EVENT.pack(events, tag), EVENT.size)
        enter("epoll_ctl", self._fd.fileno(), _EPOLL_CTL_ADD, fd, ctypes.addressof(event))

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        """Sleep up to ``timeout`` seconds (None: for ever). A signal ends the sleep early."""
        # Rounded up: rounding down would spin through the last millisecond before a deadline.
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
        """Close the instance; what it watched stays open."""
        self._fd.close()
