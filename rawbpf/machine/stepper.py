"""Step through a program, forward and backward.

A machine is deterministic and fast, so stepping back means rerunning the program from the start,
with fewer steps. Nothing has to be undone, and `back` restores exactly the previous state.
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
    """Steps through a program; ``make`` must return an identical machine each time.

    ``error`` is the error that stopped the program, if any; the machine's state is then that from
    before the failed instruction. ``breakpoints`` are indices. No method executes more than
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
        """Whether the program has ended, either normally or because of an error."""
        return self.machine.finished or self.error is not None

    def step(self, count: int = 1) -> None:
        """Run ``count`` instructions, stepping into functions and callbacks."""
        self._advance(min(count, self._budget))

    def next(self) -> None:
        """Run one instruction, including all functions and callbacks that it calls."""
        depth = len(self.machine.frames)
        self._advance(1)
        if self.machine.index not in self.breakpoints:
            self._while(lambda frames: len(frames) > depth)

    def finish(self) -> None:
        """Run until the current function returns."""
        if self.over:
            return
        depth, frame = len(self.machine.frames), self.machine.frames[-1]
        # Another callback may follow immediately, in a new frame at the same depth.
        self._while(lambda frames: len(frames) >= depth and frames[depth - 1] is frame)

    def _while(self, deep: Callable[[Frames], bool]) -> None:
        """Run as long as ``deep`` is true of the call stack, but stop at a breakpoint."""
        for _ in range(self._budget):
            if self.over or not deep(self.machine.frames):
                break
            self._advance(1)
            if self.machine.index in self.breakpoints:
                break

    def go(self) -> None:
        """Run to the next breakpoint or to the end of the program."""
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
        """Go back ``count`` instructions, or to the start if fewer were executed."""
        self._rerun(max(self.machine.steps - count, 0))

    def restart(self) -> None:
        """Go back to the start of the program."""
        self._rerun(0)

    def _rerun(self, steps: int) -> None:
        self.error = None
        self.machine = self._make()
        self.machine.advance(steps)
