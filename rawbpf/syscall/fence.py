"""Memory order, for a language that has none.

The kernel writes a record and then publishes the ring's head; we read the head and then the record.
Both sides must keep that order. x86-64 keeps loads in order with loads and stores with stores, so
nothing is due there. arm64 does not: a processor may read the record before the head.

Python has no fences, but libc has functions that contain them. Posting a semaphore releases (all
that came before is done) and taking it acquires (nothing that comes after has begun), so the pair
is a barrier between what stands before and behind it. Measured cost: two ctypes calls a drain.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from rawbpf.arch import X86_64, native

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["fence"]

_SEM_T_BYTES = 32  # sizeof(sem_t) on every 64-bit Linux libc


def _semaphore_fence() -> Callable[[], None]:
    libc = ctypes.CDLL(None)
    semaphore = ctypes.create_string_buffer(_SEM_T_BYTES)
    libc.sem_init(semaphore, 0, 0)

    def semaphore_fence() -> None:
        libc.sem_post(semaphore)
        libc.sem_trywait(semaphore)

    return semaphore_fence


def _nothing() -> None:
    pass


fence = _semaphore_fence() if native(X86_64).weakly_ordered else _nothing
"""Order everything before against everything after."""
