"""The kernel's console: its last lines, and what they say about the guest's end."""

from __future__ import annotations

from collections import deque

__all__ = ["Console"]

_KEPT = 60
_LONGEST = 1000
_REASONS = (
    "Kernel panic - not syncing",
    "KVM internal error",
    "Out of memory",
    "BUG:",
    "Initramfs unpacking failed",
)


class Console:
    r"""Collects lines; keeps the last ones.

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
        """The lines that these bytes complete."""
        *whole, rest = (self._partial + data).split(b"\n")
        self._partial = rest[:_LONGEST]
        lines = [line[:_LONGEST].decode(errors="replace").strip() for line in whole]
        lines = [line for line in lines if line]
        self._lines.extend(lines)
        return lines

    def text(self) -> str:
        """The last lines, and the one that has not ended."""
        rest = self._partial.decode(errors="replace").strip()
        return "\n".join((*self._lines, rest) if rest else self._lines)

    def reason(self) -> str | None:
        """The first line that tells why a guest died, without its time stamp."""
        for line in self.text().splitlines():
            for reason in _REASONS:
                if reason in line:
                    return line[line.index(reason) :]
        return None
