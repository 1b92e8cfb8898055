"""A session: sleep, drain, decode, until somebody says stop; then settle the account.

Why the sleep has this shape. Every record wakes the reader (``wakeup_events`` = 1), so that an idle
tool sleeps for good and the first event shows at once. But a wake-up for each of a million events
would cost more than the events. So after a drain that found something the reader closes its eyes
for a moment: what comes meanwhile is taken in one go. If a ring filled up by a quarter in that
moment, the next one is skipped.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from rawbpf.errors import KernelError
from rawbpf.reading.ledger import Ledger
from rawbpf.syscall.epoll import EPOLLIN, Epoll
from rawbpf.syscall.owner import Owner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Session", "Source"]

R = TypeVar("R")

_BREATH = 0.02
"""Seconds between two drains of a busy ring. Short for eyes, long for a computer."""

_RING, _WAKE, _HANG_UP = 0, 1, 2


class Source(Protocol[R]):
    """What a session empties: rings, taken together."""

    @property
    def holding(self) -> bool:
        """Whether records wait for the next pass, so that there is no time to sleep."""

    @property
    def crowded(self) -> bool:
        """Whether the last pass found a ring that was filling up."""

    def collect(self) -> list[R]:
        """One pass: what is certain to be next."""

    def collect_all(self) -> list[R]:
        """The last pass, when nothing writes any more: all there is."""


class Session(Owner, Generic[R]):
    """Reads ``source`` until a deadline or ``stop``; ``filenos`` are readable when it has news."""

    def __init__(
        self, filenos: Iterable[int], source: Source[R], ledger: Ledger | None = None
    ) -> None:
        self.ledger = ledger or Ledger()
        self._collector = source
        self.stopped: str | None = None
        self._deadline: float | None = None
        with ExitStack() as stack:
            self._wake_read, self.wake_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            stack.callback(os.close, self._wake_read)
            stack.callback(os.close, self.wake_fd)
            self._all = stack.enter_context(Epoll())
            self._quiet = stack.enter_context(Epoll())
            for epoll in (self._all, self._quiet):
                epoll.add(self._wake_read, _WAKE)
            for fd in filenos:
                self._all.add(fd, _RING)
            self._stack = stack.pop_all()

    def stop(self, reason: str) -> None:
        """End the session. Safe from a signal handler and from another thread."""
        if self.stopped is None:
            self.stopped = reason
        if self.wake_fd < 0:  # closed: the number is somebody else's now
            return
        with suppress(BlockingIOError):  # a pipe full of wake-ups will wake the reader, too
            os.write(self.wake_fd, b"\0")

    def stop_on_hang_up(self, fd: int) -> None:
        """End the session when the other end of ``fd`` (our stdout) goes away."""
        for epoll in (self._all, self._quiet):
            try:
                epoll.add(fd, _HANG_UP, events=0)
            except KernelError as error:
                if error.errno not in (errno.EPERM, errno.EBADF):  # a file never hangs up
                    raise

    def batches(self, duration: float | None) -> Iterator[list[R]]:
        """Yield what the rings held, oldest first, each time that they held something."""
        started = time.monotonic()
        self._deadline = started + duration if duration else None
        while not self.over:
            if not self._collector.holding:
                self._sleep(self._all, self._deadline)
            batch = self._collector.collect()
            if batch:
                yield batch
            if not self._collector.crowded:
                self.pause(_BREATH)
        self.ledger.seconds += time.monotonic() - started

    def pause(self, seconds: float) -> None:
        """Sleep without looking at the rings, but not past the deadline or a stop."""
        until = time.monotonic() + seconds
        self._sleep(self._quiet, min(until, self._deadline or until))

    @property
    def over(self) -> bool:
        """Whether it was stopped, or its time is up."""
        if self.stopped is None and self._deadline and time.monotonic() >= self._deadline:
            self.stopped = "duration"
        return self.stopped is not None

    def rest(self) -> list[R]:
        """What the rings still hold, when the probe is gone."""
        return self._collector.collect_all()

    def close(self) -> None:
        """Close what the session opened; the rings are their owner's. Twice does nothing."""
        self.wake_fd = -1
        self._stack.close()

    def _sleep(self, epoll: Epoll, deadline: float | None) -> None:
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        for tag, events in epoll.wait(timeout):
            if tag == _HANG_UP:
                self.stop("hang-up")
            elif tag == _WAKE and events & EPOLLIN:
                self._swallow()

    def _swallow(self) -> None:
        """Empty the pipe, or the next sleep would end at once."""
        with suppress(BlockingIOError):  # which says that it is empty
            while os.read(self._wake_read, 512):
                pass
