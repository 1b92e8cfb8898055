"""What programs can ask about: the time, the CPU, the current process, the stack.

The machine has none of these, so it is told. Two machines in the same world do the same: time only
passes when somebody looks at the clock, and the random numbers come from a seed.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from rawbpf.machine.arithmetic import MASK

__all__ = ["Clock", "World"]


class World(NamedTuple):
    """Times in nanoseconds; stacks as addresses, the innermost function first.

    >>> World(comm="cat")._replace(pid=7).tgid
    4242
    """

    pid: int = 4242
    tgid: int = 4242
    uid: int = 1000
    gid: int = 1000
    comm: str = "rawbpf"
    cpu: int = 0
    cpus: int = 2
    time: int = 1_000_000_000
    tick: int = 1_000
    seed: int = 1
    task: int = 0xFFFF_8880_0000_0000
    kernel_stack: tuple[int, ...] = ()
    user_stack: tuple[int, ...] = ()


class Clock:
    """Time since boot, which goes on by one tick each time it is read; and random numbers."""

    def __init__(self, world: World) -> None:
        self._now, self._tick = world.time, world.tick
        self._random = Random(world.seed)

    def read(self) -> int:
        """Nanoseconds."""
        now = self._now
        self._now = (now + self._tick) & MASK[64]
        return now

    def random(self) -> int:
        """Any number of 32 bits."""
        return self._random.getrandbits(32)
