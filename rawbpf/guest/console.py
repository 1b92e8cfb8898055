"""The kernel's console: its last lines, and the reason why a guest ended."""

from __future__ import annotations

from collections import deque

__all__ = ["Console", "excerpt"]

_KEPT = 60
_LONGEST = 1000
_REASONS = (
    "Kernel panic - not syncing",
    "KVM internal error",
    "Out of memory",
    "BUG:",
    "Initramfs unpacking failed",
    "cannot load module",  # inside/system.py
)


class Console:
    r"""Collects lines, and keeps only the last few.

    >>> console = Console()
    >>> console.feed(b"[    1.0] Kernel panic - not syncing: no init\r\nmore")
    ['[    1.0] Kernel panic - not syncing: no init']
    >>> console.reason()
    'Kernel panic - not syncing: no init'
    """

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._partial = b""

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that are completed by these bytes."""
        *whole, rest = (self._partial + data).split(b"\n")
        self._partial = rest[:_LONGEST]
        lines = [line[:_LONGEST].decode(errors="replace").strip() for line in whole]
        lines = [line for line in lines if line]
        self._lines.extend(lines)
        return lines

    def text(self) -> str:
        """Return the last lines, including an unfinished line."""
        rest = self._partial.decode(errors="replace").strip()
        return "\n".join((*self._lines, rest) if rest else self._lines)

    def reason(self) -> str | None:
        """Return the first line that gives a reason for the guest's end, without its time stamp."""
        lines = self.text().splitlines()
        at = _reason_at(lines)
        return None if at is None else lines[at][_reason_in(lines[at]) :]


def excerpt(text: str) -> list[str]:
    r"""Return the lines around the reason if a reason was found, or else the last lines.

    >>> excerpt("one\ntwo\nKernel panic - not syncing: x\nCPU: 0\n")
    ['one', 'two', 'Kernel panic - not syncing: x', 'CPU: 0']
    """
    lines = text.splitlines()
    at = _reason_at(lines)
    return lines[-10:] if at is None else lines[max(0, at - 8) : at + 3]


def _reason_at(lines: list[str]) -> int | None:
    return next((index for index, line in enumerate(lines) if _reason_in(line) >= 0), None)


def _reason_in(line: str) -> int:
    """Return the position at which a reason starts in a line, or -1."""
    return max(line.find(reason) for reason in _REASONS)
