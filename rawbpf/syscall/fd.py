"""A file descriptor with an owner.

Every object that bpf(2) and perf_event_open(2) make is a file descriptor, and lives as long as one
is open (or it is pinned, or attached). So who closes it, and when, is who ends the probe. A number
that was closed is handed out again by the next open: closing twice closes somebody else's file.
Hence an Fd forgets its number *before* it closes it.
"""

from __future__ import annotations

import warnings

from rawbpf.errors import ClosedError
from rawbpf.syscall.gate import enter
from rawbpf.syscall.owner import Owner

__all__ = ["Fd"]


class Fd(Owner):
    """Owns one file descriptor; ``label`` says what it is, for people.

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
        """The number, as long as it is ours."""
        if self._number < 0:
            raise ClosedError(f"{self.label} is closed")
        return self._number

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._number < 0

    def close(self) -> None:
        """Give the number back. Closing twice does nothing."""
        number, self._number = self._number, -1
        if number >= 0:
            # Linux has let go of the number by the time close(2) reports any error.
            enter("close", number)

    def __del__(self) -> None:
        if getattr(self, "_number", -1) >= 0:
            forgot = f"{self.label} was never closed"
            warnings.warn(forgot, ResourceWarning, stacklevel=2, source=self)
            self.close()

    def __repr__(self) -> str:
        return f"<Fd {self.label} {'closed' if self.closed else 'open'}>"
