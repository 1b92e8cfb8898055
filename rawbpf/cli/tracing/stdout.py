"""stdout that cannot hold up the tracer.

Whoever reads our output may be slow (a terminal that was stopped with Ctrl+S), full (a disk) or
gone (`| head`). The tracer has a probe in the kernel and must be able to take it out at any moment,
so it never writes itself: a thread does, from a queue. The queue is bounded by the caller, who
stops emptying the rings when ``backlog`` grows. What cannot be delivered is then lost in the ring,
where the program counts it, and not in here, where nobody would know.
"""

from __future__ import annotations

import os
from collections import deque
from threading import Condition, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Stdout"]

_GRACE = 5.0
"""Seconds without progress after which finish() gives up on the reader."""

_CHUNK = 1 << 13
"""Bytes a write. A reader that takes this much within the grace is slow, not gone."""


class Stdout:
    """Writes lines to a descriptor on a thread of its own, which also calls ``on_error``."""

    def __init__(self, fd: int = 1, on_error: Callable[[], None] = lambda: None) -> None:
        self._fd = fd
        self._on_error = on_error
        self._queue: deque[bytes] = deque()
        self._changed = Condition()
        self._done = False
        self.backlog = 0
        self.error: OSError | None = None
        # A daemon: a write that never returns must not keep the process from ending.
        self._thread = Thread(target=self._run, name="stdout", daemon=True)
        self._thread.start()

    def put(self, text: str) -> None:
        """Queue text, which ends with a newline. Returns at once."""
        data = text.encode(errors="backslashreplace")
        with self._changed:
            self._queue.append(data)
            self.backlog += len(data)
            self._changed.notify_all()

    def has_room(self, most: int = 1 << 22) -> bool:
        """Wait until no more than so many bytes wait; whether they do, or nobody reads any more."""
        with self._changed:
            while self.backlog > most and self.error is None:
                if not self._changed.wait(_GRACE):
                    return False
            return self.error is None

    def finish(self) -> int:
        """Wait until all is written; the number of lines that could not be."""
        with self._changed:
            self._done = True
            self._changed.notify_all()
            while self.backlog and self.error is None:
                if not self._changed.wait(_GRACE):  # each write notifies
                    break
            unwritten = sum(data.count(b"\n") for data in self._queue)
        if not unwritten:
            # It is on its way out. Left to the end of the process it would be torn down in there,
            # which needs a libgcc_s that a small system may not have.
            self._thread.join()
        return unwritten

    def _run(self) -> None:
        try:
            while self._write_next():
                pass
        except OSError as error:
            with self._changed:
                self.error = error
                self._changed.notify_all()
            self._on_error()

    def _write_next(self) -> bool:
        """Write from the front of the queue, and take off what was taken."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._done)
            if not self._queue:
                return False
            data = self._queue[0]
        written = os.write(self._fd, data[:_CHUNK])
        with self._changed:
            if written == len(data):
                self._queue.popleft()
            else:
                self._queue[0] = data[written:]
            self.backlog -= written
            self._changed.notify_all()
        return True
