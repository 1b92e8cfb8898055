"""From the clock of BPF programs to the time of day.

bpf_ktime_get_ns() reads CLOCK_MONOTONIC: nanoseconds since boot, without those spent in suspend.
The wall clock is that plus an offset, which moves when somebody sets the clock: one reading serves
a session of tracing, not a lifetime.
"""

from __future__ import annotations

import time

__all__ = ["wall_clock_offset_ns"]

_READINGS = 5


def wall_clock_offset_ns() -> int:
    """What to add to CLOCK_MONOTONIC to get nanoseconds since 1970.

    Two clocks cannot be read at once, so the wall clock is read between two readings of the other,
    and the narrowest of a few tries is the best.

    >>> now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + wall_clock_offset_ns()
    >>> abs(now - time.time_ns()) < 10**9
    True
    """
    return min(_reading() for _ in range(_READINGS))[1]


def _reading() -> tuple[int, int]:
    """(how far apart the outer readings are, the offset from their middle)."""
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    wall = time.clock_gettime_ns(time.CLOCK_REALTIME)
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return after - before, wall - (before + after) // 2
