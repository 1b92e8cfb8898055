"""The facts about an instruction that are known before the program runs.

Decoding turns each instruction into a *step*, which is a function that executes the instruction and
returns the index of the next one. Everything that can be determined in advance (the operation, the
registers, the jump target) is determined during decoding instead of on every execution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction, Reference
    from rawbpf.machine.code import Step
    from rawbpf.machine.state import State

__all__ = ["Site", "unsupported"]


class Site(NamedTuple):
    """An instruction to decode, together with its program and its location in it.

    ``at`` is the instruction's index across all of the machine's programs, and ``slot`` is its slot
    in its own program. ``targets`` maps each slot of the program to an instruction index.
    """

    state: State
    program: Bytecode
    instruction: Instruction
    at: int
    slot: int
    targets: Mapping[int, int]

    @property
    def reference(self) -> Reference | None:
        """The symbol to which the instruction's constant refers."""
        return self.instruction.reference

    @property
    def next(self) -> int:
        """The index of the next instruction."""
        return self.at + 1

    def target(self, distance: int) -> int:
        """Return the index of the jump target ``distance`` slots after the next instruction."""
        slot = self.slot + 1 + distance
        if slot not in self.targets:
            what = f"invalid jump from slot {self.slot} of {self.program.name!r} to slot {slot}"
            inside = 0 <= slot < self.program.slots
            why = (
                "the slot is the second half of an instruction"
                if inside
                else ("the slot is outside the program")
            )
            raise MachineError(what, why=why)
        return self.targets[slot]

    def function(self, distance: int) -> int:
        """Return the index of the function ``distance`` slots after the next instruction."""
        if self.reference is not None:
            what = (
                f"unresolved reference to function {self.reference.name!r} in {self.program.name!r}"
            )
            raise MachineError(what, why="the function is not linked into the program")
        return self.target(distance)


def unsupported(what: str, why: str) -> Step:
    """Return a step that raises MachineError when it is executed; until then, the program runs."""

    def stop(_registers: list[int]) -> int:
        raise MachineError(what, why=why)

    return stop
