"""Validate all data from the guest, because the host does not trust the guest.

A guest runs as root on a kernel that a test may have corrupted, so it may send arbitrary frames.
Each check raises FormatError, which ends the run with a one-line message.
"""

from __future__ import annotations

import os
import re

from rawbpf.errors import FormatError
from rawbpf.guest.wire import out
from rawbpf.guest.wire.frames import number

__all__ = ["Budget", "Returned", "release_of", "status_of"]

_MOST_STATUS = 0xFFFF  # wait(2)


def release_of(payload: bytes) -> str:
    """Return the release from a READY frame.

    >>> release_of(b"6.1.0-50-cloud-amd64")
    '6.1.0-50-cloud-amd64'
    """
    name = payload.decode("ascii", errors="replace")
    if not re.fullmatch(r"[!-~]{1,64}", name):  # __NEW_UTS_LEN
        raise FormatError(
            "invalid READY frame from the guest", why=f"invalid kernel release {name!r}"
        )
    return name


def status_of(payload: bytes) -> int:
    """Return the wait status from an EXIT frame.

    >>> status_of((7 << 8).to_bytes(4, "little"))
    1792
    """
    status = number(payload)
    if not (status <= _MOST_STATUS and (os.WIFEXITED(status) or os.WIFSIGNALED(status))):
        raise FormatError("invalid EXIT frame from the guest", why=f"status {status:#x}")
    return status


class Budget:
    """The number of bytes of output that have not been written yet.

    The guest must not send more bytes than it was granted.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting = 0

    def add(self, size: int) -> None:
        """Count output that has arrived."""
        self._waiting += size
        if self._waiting > self._most:
            why = f"{self._waiting} bytes are waiting, but the limit is {self._most}"
            raise FormatError("too much output from the guest", why=why)

    def remove(self, size: int) -> None:
        """Count output that has been written."""
        self._waiting -= size


class Returned:
    """The number of bytes received so far of an archive such as that of /out.

    The archive is unexpected unless it was requested.
    """

    def __init__(self, *, wanted: bool, what: str = "/out", largest: int | None = None) -> None:
        self._wanted = wanted
        self._what = what
        self._largest = largest
        self._size = 0

    def add(self, size: int) -> None:
        """Count a received part of the archive."""
        self._size += size
        largest = out.LARGEST if self._largest is None else self._largest
        if not self._wanted or self._size > largest + out.LARGEST_END:
            why = (
                f"the archive exceeds {largest >> 20} MiB"
                if self._wanted
                else "the host did not request the archive"
            )
            raise FormatError(f"unexpected contents of {self._what} from the guest", why=why)
