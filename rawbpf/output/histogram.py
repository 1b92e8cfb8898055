r"""Format counts of power-of-two slots as a histogram, in bpftrace's layout.

Programs count a value ``v`` in slot ``log2(v)``: slot 0 counts 0 and 1, slot 1 counts 2 and 3, and
slot 10 counts values from 1024 to 2047.

>>> print(*histogram([0, 1, 4, 0, 2]), sep="\n")
[2, 4)                 1 |@@@@@@@@@@@@@                                       |
[4, 8)                 4 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
[8, 16)                0 |                                                    |
[16, 32)               2 |@@@@@@@@@@@@@@@@@@@@@@@@@@                          |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["histogram"]

_WIDTH = 52
_SUFFIXES = ("", "K", "M", "G", "T", "P", "E")


def histogram(counts: Sequence[int]) -> Iterator[str]:
    """Yield a line for each slot, from the first slot that is not empty to the last one."""
    used = [slot for slot, count in enumerate(counts) if count]
    if not used:
        return
    most = max(counts)
    for slot in range(used[0], used[-1] + 1):
        bar = "@" * (counts[slot] * _WIDTH // most)
        yield f"{_range(slot):<16}{counts[slot]:>8} |{bar:<{_WIDTH}}|"


def _range(slot: int) -> str:
    return f"[{_power(slot) if slot else 0}, {_power(slot + 1)})"


def _power(exponent: int) -> str:
    """Return a power of two with a suffix: ``1K`` is 1024.

    >>> _power(9), _power(13), _power(64)
    ('512', '8K', '16E')
    """
    return f"{1 << exponent % 10}{_SUFFIXES[exponent // 10]}"
