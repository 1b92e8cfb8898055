#!/usr/bin/env python3
"""Measure the cost of a call through the gate, with and without an observer.

    python tools/bench/gate.py [CALLS]

The kernel behind the gate is replaced by a function that returns 0, so only the gate is measured.
The row ``bare`` shows the cost of calling the function directly. A second measurement makes a real
bpf(2) call with an unknown command, which fails immediately. The result is the fastest of seven
runs."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError
from rawbpf.syscall.gate import enter, observed, replaced

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 7


def nothing(_name: str, *_words: int) -> int:
    return 0


def refused(name: str, *words: int) -> None:
    with suppress(KernelError):
        enter(name, *words)


def nanoseconds(call: Callable[..., object], count: int) -> float:
    """Return the time of one call in nanoseconds, from the fastest of all runs."""
    best = float("inf")
    for _ in range(RUNS):
        started = time.perf_counter_ns()
        for _ in range(count):
            call("bpf", 9999, 0, 0)
        best = min(best, (time.perf_counter_ns() - started) / count)
    return best


def main(count: int) -> None:
    watching: dict[str, AbstractContextManager[None]] = {
        "unwatched": nullcontext(),
        "watched": observed(lambda *_: None),
    }
    print(f"{'bare':<20} {nanoseconds(nothing, count):8.0f} ns")
    for name, block in watching.items():
        with block:
            with replaced(nothing):
                print(f"{name:<20} {nanoseconds(enter, count):8.0f} ns")
            print(f"{name + ', kernel':<20} {nanoseconds(refused, count):8.0f} ns")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
