"""Signals as something to poll for: collected while a guest runs, acted on between its frames."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Signals"]


class Signals:
    """Collects SIGINT, SIGTERM, SIGHUP and SIGWINCH within a ``with`` block."""

    _COLLECTED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)

    def __enter__(self) -> Self:
        self._arrived: list[int] = []
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._before = [signal.signal(number, self._collect) for number in self._COLLECTED]
        self._wakeup_before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in zip(self._COLLECTED, self._before, strict=True):
            signal.signal(number, handler)
        os.close(self._woken)
        os.close(self._waker)

    def fileno(self) -> int:
        """Readable when a signal has arrived."""
        return self._woken

    def take(self) -> list[int]:
        """The signals that have arrived since the last call; call it when ``fileno`` is readable.

        The wake-up comes before the handler runs, so a signal may be a turn late, never lost.
        """
        os.read(self._woken, 512)
        arrived = self._arrived[:]
        del self._arrived[: len(arrived)]
        return arrived

    def _collect(self, number: int, _: FrameType | None) -> None:
        self._arrived.append(number)
