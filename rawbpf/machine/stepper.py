"""Going through a program, forward and back.

A machine is deterministic, and fast enough to be run again. So going back is going forward once
more, from the start, a few steps less: nothing has to be undone, and what `back` shows is what was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.machine import BUDGET

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from rawbpf.machine.frames import Frames
    from rawbpf.machine.machine import Machine

__all__ = ["Stepper"]


class Stepper:
    """``make`` gives a machine that is ready to start, the same each time.

    ``error`` is what stopped the program, if something has; then the machine is as it was before
    the instruction that failed. ``breakpoints`` are indices. No call goes on by more than
    ``budget`` instructions.

    >>> from rawbpf.asm import Builder, r0
    >>> from rawbpf.machine.machine import Machine
    >>> b = Builder("count")
    >>> b.mov(r0, 1)
    >>> b.add(r0, 1)
    >>> b.exit()
    >>> program = b.build()
    >>> stepper = Stepper(lambda: Machine(program))
    >>> stepper.step(2)
    >>> stepper.machine.registers[0]
    2
    >>> stepper.back()
    >>> stepper.machine.registers[0]
    1
    """

    def __init__(self, make: Callable[[], Machine], budget: int = BUDGET) -> None:
        self._make, self._budget = make, budget
        self.machine = make()
        self.breakpoints: set[int] = set()
        self.error: MachineError | None = None

    @property
    def over(self) -> bool:
        """Whether there is nothing left to do: the program has ended, or was stopped."""
        return self.machine.finished or self.error is not None

    def step(self, count: int = 1) -> None:
        """Go on by so many instructions, into functions and callbacks."""
        self._advance(min(count, self._budget))

    def next(self) -> None:
        """Go on by one instruction; functions and callbacks that it calls run to their end."""
        depth = len(self.machine.frames)
        self._advance(1)
        if self.machine.index not in self.breakpoints:
            self._while(lambda frames: len(frames) > depth)

    def finish(self) -> None:
        """Go on until the function has returned."""
        if self.over:
            return
        depth, frame = len(self.machine.frames), self.machine.frames[-1]
        # A callback may be followed by another at once, in a frame of the same depth.
        self._while(lambda frames: len(frames) >= depth and frames[depth - 1] is frame)

    def _while(self, deep: Callable[[Frames], bool]) -> None:
        """Go on as long as the call stack is like that, or to a breakpoint."""
        for _ in range(self._budget):
            if self.over or not deep(self.machine.frames):
                break
            self._advance(1)
            if self.machine.index in self.breakpoints:
                break

    def go(self) -> None:
        """Go on to a breakpoint or to the end."""
        self._advance(self._budget, self.breakpoints)

    def _advance(self, count: int, stops: AbstractSet[int] = frozenset()) -> None:
        if self.over:
            return
        try:
            self.machine.advance(count, stops)
        except MachineError as error:
            self._rerun(self.machine.steps)
            self.error = error
        except KeyboardInterrupt:
            self._rerun(self.machine.steps)
            raise

    def back(self, count: int = 1) -> None:
        """Go back by so many instructions, at most to the start."""
        self._rerun(max(self.machine.steps - count, 0))

    def restart(self) -> None:
        """Go back to the start."""
        self._rerun(0)

    def _rerun(self, steps: int) -> None:
        self.error = None
        self.machine = self._make()
        self.machine.advance(steps)
