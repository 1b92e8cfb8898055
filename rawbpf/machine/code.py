"""The code of a machine: the steps of all its programs, one behind the other.

An index counts instructions over all programs; a slot counts as jumps do, within one of them.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import MachineError
from rawbpf.machine.decode import decode
from rawbpf.machine.region import FUNCTIONS

if TYPE_CHECKING:
    from rawbpf.asm.instruction import Instruction
    from rawbpf.asm.program import Program, Source
    from rawbpf.machine.machine import Machine
    from rawbpf.machine.site import Step

__all__ = ["Code", "Where"]

_POINTER = 8


class Where(NamedTuple):
    """A place in a program. ``number`` counts instructions, ``slot`` counts as jumps do."""

    program: Program
    number: int
    slot: int

    @property
    def instruction(self) -> Instruction | None:
        """What is there; None behind the end."""
        instructions = self.program.instructions
        return instructions[self.number] if self.number < len(instructions) else None

    @property
    def source(self) -> Source | None:
        """Where it was written, if that is known."""
        sources = self.program.sources
        return sources[self.number] if self.number < len(sources) else None

    @property
    def function(self) -> str:
        """The name of the function that it is in."""
        functions = self.program.functions
        after = bisect_right([function.slot for function in functions], self.slot)
        return functions[after - 1].name if after else self.program.name

    def __str__(self) -> str:
        source = self.source
        return f"{self.function}, instruction {self.slot}" + (f" ({source})" if source else "")


class Code:
    """Steps, and where each comes from."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.steps: list[Step] = []
        self._programs: list[tuple[int, Program]] = []

    def link(self, program: Program) -> int:
        """Decode a program, if that was not done before. The index of its first instruction."""
        for start, linked in self._programs:
            if linked is program:
                return start
        start = len(self.steps)
        self.steps += decode(program, self._machine, start)
        self._programs.append((start, program))
        return start

    def where(self, index: int) -> Where:
        """The place of an instruction."""
        after = bisect_right([start for start, _ in self._programs], index)
        start, program = self._programs[after - 1]
        return Where(program, index - start, program.slot_of(index - start))

    def find(self, place: str) -> int:
        """The index of a place in words: a slot, a function, FILE:LINE or :LINE.

        Slots and lines are those of the first program. MachineError: there is no such place.
        """
        start, program = self._programs[0]
        file, colon, line = place.rpartition(":")
        if place.isdecimal() and len(place) < 10 and int(place) < program.slots:
            return start + program.index_at(int(place))
        for function in program.functions:
            if function.name == place:
                return start + program.index_at(function.slot)
        for number, source in enumerate(program.sources):
            if colon and source and str(source.line) == line and source.file.endswith(file):
                return start + number
        raise MachineError(f"there is no place {place!r}", fix="name a slot, a function or :LINE")

    def function_address(self, index: int) -> int:
        """What a pointer to the function that begins there looks like."""
        return FUNCTIONS.base + _POINTER * index

    def function_name(self, address: int) -> str | None:
        """Of the function that a pointer points to; None if it is no such pointer."""
        index, rest = divmod(address - FUNCTIONS.base, _POINTER)
        return None if rest or not 0 <= index < len(self.steps) else self.where(index).function

    def function_at(self, address: int) -> int:
        """The index that such a pointer stands for."""
        index, rest = divmod(address - FUNCTIONS.base, _POINTER)
        if rest or not 0 <= index < len(self.steps):
            raise MachineError(f"{address:#x} is no function of the program")
        return index
