"""Where an instruction is, and what it works on: all that is known before the program runs.

Decoding turns each instruction into a *step*, a function that does it and returns the index of the
next. What can be decided beforehand is decided then and not again each time: which operation, which
registers, where a jump leads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import MachineError

if TYPE_CHECKING:
    from rawbpf.asm.instruction import Instruction
    from rawbpf.asm.program import Program, Reference
    from rawbpf.machine.machine import Machine

__all__ = ["Site", "Step", "unsupported"]

Step = Callable[[list[int]], int]
"""Does one instruction on the registers; returns the index of the next one."""


class Site(NamedTuple):
    """``at`` is the instruction's index in the machine's code, ``slot`` its own in its program.

    ``targets``: slot -> index, of all instructions of the program. ``reference``: what its constant
    stands for.
    """

    machine: Machine
    program: Program
    instruction: Instruction
    at: int
    slot: int
    targets: Mapping[int, int]
    reference: Reference | None

    @property
    def next(self) -> int:
        """The index of the instruction behind."""
        return self.at + 1

    def target(self, distance: int) -> int:
        """The index of the instruction that many slots behind the next."""
        slot = self.slot + 1 + distance
        if slot not in self.targets:
            what = f"slot {self.slot} of {self.program.name!r} jumps to slot {slot}"
            inside = 0 <= slot < self.program.slots
            why = "that is the middle of an instruction" if inside else "the program has no such"
            raise MachineError(what, why=why)
        return self.targets[slot]

    def function(self, distance: int) -> int:
        """The index of the function that many slots behind the next."""
        if self.reference is not None:
            what = f"{self.program.name!r} refers to function {self.reference.name!r}"
            raise MachineError(what, why="it was not linked with it")
        return self.target(distance)


def unsupported(what: str, why: str) -> Step:
    """A step that stops: a program may contain it, but cannot go through it."""

    def stop(_registers: list[int]) -> int:
        raise MachineError(what, why=why)

    return stop
