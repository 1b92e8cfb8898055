"""A session, which reads rings at a suitable pace until a deadline, ``stop`` or closed output.

To wake up for each of a million records would cost more than reading them, and a probe on a
function that is called during a wake-up would keep triggering itself. While idle, however, a
session should sleep, and the first record after a quiet period should be displayed immediately. A
session is therefore either busy or idle:

    busy     │ the last pass found records: sleep for 50 ms, or until a ring fills up by a quarter
    settling │ a pass found nothing: let the next record wake the reader, take what was sent before
             │ that, sleep for 50 ms more, and take what a program that was running has sent since
    idle     │ sleep until a record arrives

A busy session becomes idle after two quiet passes at the earliest, so single records cause at most
20 wake-ups per second on each CPU, regardless of the probed function.

A BPF ring buffer does not tell its reader that it is filling up, unless its program requests a
wake-up. While a session reads ring buffers, its pauses start at 20 ms and become shorter, down to 1
ms, if a ring is a quarter full.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from contextlib import ExitStack, suppress
from itertools import islice

from rawbpf.errors import ClosedError, KernelError
from rawbpf.light_typing import TYPE_CHECKING, Generic, TypeVar
from rawbpf.syscall.fd import EPOLLIN, Epoll, Owner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.reading.collector import Collector

__all__ = ["Session"]

R = TypeVar("R")

_PAUSE = 0.05
"""The number of seconds between two passes over busy rings, if rings that fill up end the pause."""

_FIRST_PACE, _SHORTEST_PACE = 0.02, 0.001
"""The number of seconds between two passes over busy ring buffers: initially, and if they fill up
quickly."""

_RING, _WAKE, _HANG_UP = 0, 1, 2


class Session(Owner, Generic[R]):
    """Reads the rings of ``collector``, which must stay open for as long as the session.

    Only one thread at a time may read a session. Raises KernelError (EMFILE) if no descriptor is
    free.
    """

    def __init__(self, collector: Collector[R]) -> None:
        self._collector, self.ledger = collector, collector.ledger
        self._untaken: deque[Sequence[R]] = deque()
        self._taken = 0  # the number of records in the first batch that records() has yielded
        self._reason: str | None = None
        self._deadline: float | None = None
        self._quiet_passes, self._warm = 0, False
        self._pace = _FIRST_PACE
        with ExitStack() as stack:
            self._wake_read, self.wake_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            stack.callback(os.close, self._wake_read)
            stack.callback(os.close, self.wake_fd)
            self._all = stack.enter_context(Epoll())
            self._quiet = stack.enter_context(Epoll())
            for epoll in (self._all, self._quiet):
                epoll.add(self._wake_read, _WAKE)
            for fd in collector.filenos():
                self._all.add(fd, _RING)
            self._stack = stack.pop_all()

    def stop(self, reason: str = "stopped") -> None:
        """End reading; records that were already sent are still delivered.

        This method may be called from other threads and from signal handlers. Python runs a handler
        only between two instructions, so a signal that arrives just before a sleep does not end
        that sleep, unless ``wake_fd`` is passed to ``signal.set_wakeup_fd``.
        """
        if self._reason is None:
            self._reason = reason
        if self.wake_fd < 0:  # another file may now have this number
            return
        with suppress(BlockingIOError):  # the reader is also woken if the pipe is full
            os.write(self.wake_fd, b"\0")

    def stop_on_hang_up(self, fd: int) -> None:
        """Stop with the reason "hang-up" when the reader of ``fd``, such as stdout, closes it."""
        for epoll in (self._all, self._quiet):
            try:
                epoll.add(fd, _HANG_UP, events=0)
            except KernelError as error:
                if error.errno not in (errno.EPERM, errno.EBADF):  # a regular file cannot hang up
                    raise

    @property
    def stopped(self) -> str | None:
        """The reason passed to ``stop``, "duration" if the time limit was reached, or None."""
        if self._reason is None and self._deadline and time.monotonic() >= self._deadline:
            return "duration"
        return self._reason

    def batches(self, duration: float | None = None) -> Iterator[Sequence[R]]:
        """Yield a sequence of records, oldest first, whenever records have arrived.

        Records of different types or sizes are yielded in separate sequences.

        The iteration ends after ``duration`` seconds (0 reads only what the rings contain; None
        sets no limit) or ``stop``, with one more pass over the rings, so that every record
        submitted before the end is delivered. There is one exception: a record that a program has
        reserved in a ring buffer but not yet submitted blocks the records after it. Raises
        ClosedError if the session was closed.
        """
        yield from self._take_batches()
        for found in self._passes(duration):
            self._untaken.extend(found)
            yield from self._take_batches()

    def records(self, duration: float | None = None) -> Iterator[R]:
        """Yield the records of ``batches`` one at a time.

        If the caller leaves the loop early, the records that have been read from the rings but not
        yielded are kept for the next call.
        """
        yield from self._take()
        for found in self._passes(duration):
            self._untaken.extend(found)
            yield from self._take()

    def rest(self) -> list[Sequence[R]]:
        """After all programs have stopped, return all remaining records."""
        self._untaken.extend(self._collector.collect_all())
        return list(self._take_batches())

    def pause(self, seconds: float) -> None:
        """Sleep without polling the rings.

        The sleep ends at the deadline or when ``stop`` is called, whichever comes first.
        """
        self._sleep(self._quiet, self._at_most(seconds))

    def close(self) -> None:
        """Close the session's own descriptors, but not the rings.

        Closing a session twice has no effect.
        """
        self.wake_fd = -1
        self._untaken.clear()
        self._taken = 0
        self._stack.close()

    def _passes(self, duration: float | None) -> Iterator[list[Sequence[R]]]:
        """Drain the rings until the session ends, and once more afterwards."""
        started = time.monotonic()
        self._deadline = None if duration is None else started + duration
        try:
            over = False
            while not over:
                self._require_open()
                over = self.stopped is not None  # the pass takes all records sent until now
                found = self._collector.collect()
                for fd in self._collector.opened():
                    self._all.add(fd, _RING)
                if found:
                    yield found
                    self._require_open()
                if not over:
                    self._wait()
        finally:
            self.ledger.seconds += time.monotonic() - started

    def _wait(self) -> None:
        """Sleep until the next pass is due."""
        if not self._collector.quiet:
            self._quiet_passes = 0
            self._wait_busy()
            return
        self._quiet_passes += 1
        if self._quiet_passes == 1:
            if not self._collector.arm():
                self._quiet_passes = 0
                self._wait_busy()
            # Otherwise, check immediately for records that were sent earlier.
        elif self._quiet_passes == 2:
            # A program that was running when the wake-up was requested may just have sent a record.
            self._sleep(self._all, self._at_most(_PAUSE))
        else:
            if not self._warm:
                self._collector.warm_up()
                self._warm = True
            if self._quiet_passes > 3:  # the wake-up was not caused by a finished record
                self.pause(_FIRST_PACE)
            self._sleep(self._all, self._deadline)

    def _wait_busy(self) -> None:
        """Let records accumulate, unless a ring is already filling up."""
        if self._collector.crowded:
            self._pace = max(self._pace / 2, _SHORTEST_PACE)
        elif self._collector.paced:
            self._sleep(self._all, self._at_most(_PAUSE))
        else:
            self._pace = min(self._pace * 1.25, _FIRST_PACE)
            self.pause(self._pace)

    def _at_most(self, seconds: float) -> float:
        """Return the time in ``seconds`` from now, or the deadline if that is earlier."""
        until = time.monotonic() + seconds
        return min(until, self._deadline or until)

    def _require_open(self) -> None:
        if self.wake_fd < 0:
            raise ClosedError("the session is closed")

    def _take_batches(self) -> Iterator[Sequence[R]]:
        """Yield records that were read but not delivered, and count them as delivered."""
        while self._untaken:
            batch = self._untaken.popleft()
            if self._taken:
                batch, self._taken = batch[self._taken :], 0
            if batch:
                self.ledger.delivered += len(batch)
                yield batch

    def _take(self) -> Iterator[R]:
        """Yield single records, starting with the first one that is left in the first batch."""
        while self._untaken:
            batch, number = self._untaken[0], self._taken
            for record in islice(batch, number, None):
                number += 1
                self._taken = number
                self.ledger.delivered += 1
                yield record
                if self._taken != number or not self._untaken or self._untaken[0] is not batch:
                    break  # in the meantime, the caller has taken records in another way
            else:
                self._untaken.popleft()
                self._taken = 0

    def _sleep(self, epoll: Epoll, deadline: float | None) -> None:
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        for tag, events in epoll.wait(timeout):
            if tag == _HANG_UP:
                self.stop("hang-up")
            elif tag == _WAKE and events & EPOLLIN:
                self._empty_pipe()

    def _empty_pipe(self) -> None:
        """Empty the pipe, since the next sleep would otherwise end immediately."""
        with suppress(BlockingIOError):  # the pipe is empty
            while os.read(self._wake_read, 512):
                pass
