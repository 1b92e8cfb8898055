"""File descriptors with an owner.

Every object that bpf(2) and perf_event_open(2) create is a file descriptor, and lives until its
last descriptor is closed (unless it is pinned or attached). Whoever closes the descriptor of a
probe removes the probe. The kernel reuses the number of a closed descriptor for the next open(2),
so closing twice closes another file. An Fd therefore forgets its number *before* it closes it.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from rawbpf.errors import ClosedError
from rawbpf.syscall.gate import enter

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "Fd",
    "Owner",
]


class Owner(ABC):
    """The base of descriptors, mappings, maps, programs, links, readers and sessions."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """Give back what is owned. Closing twice does nothing."""

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
