"""The decoded instructions of all programs of a machine, with references to their source.

An *index* counts instructions, across all programs. A *slot* counts 8-byte units within one
program, as jump offsets do: a 64-bit load takes two slots.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import MachineError
from rawbpf.machine.region import FUNCTIONS

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction, Source

__all__ = ["Code", "Step", "Where"]

_POINTER = 8

Step = Callable[[list[int]], int]
"""A function that executes one instruction and returns the index of the next instruction."""


class Where(NamedTuple):
    """A location in a program: ``number`` counts instructions, ``slot`` counts 8-byte units."""

    program: Bytecode
    number: int
    slot: int

    @property
    def instruction(self) -> Instruction | None:
        """The instruction at this location, or None past the end of the program."""
        instructions = self.program.instructions
        return instructions[self.number] if self.number < len(instructions) else None

    @property
    def source(self) -> Source | None:
        """The instruction's source line, or None if the line is unknown."""
        return None if self.instruction is None else self.instruction.source

    @property
    def function(self) -> str:
        """The name of the function that contains the instruction."""
        functions = self.program.functions
        after = bisect_right([function.slot for function in functions], self.slot)
        return functions[after - 1].name if after else self.program.name

    def __str__(self) -> str:
        source = self.source
        return f"{self.function}, instruction {self.slot}" + (f" ({source})" if source else "")


class Code:
    """The decoded instructions, called ``steps``, of all linked programs."""

    def __init__(self, decode: Callable[[Bytecode, int], list[Step]]) -> None:
        self._decode = decode
        self.steps: list[Step] = []
        self._programs: list[tuple[int, Bytecode]] = []

    def link(self, program: Bytecode) -> int:
        """Decode a program, unless it has already been decoded.

        Return the index of the program's first instruction.

        Raises BytecodeError and MachineError under the same conditions as `decode`.
        """
        for start, linked in self._programs:
            if linked is program:
                return start
        start = len(self.steps)
        self.steps += self._decode(program, start)
        self._programs.append((start, program))
        return start

    def where(self, index: int) -> Where:
        """Return the location of an instruction."""
        after = bisect_right([start for start, _ in self._programs], index)
        start, program = self._programs[after - 1]
        return Where(program, index - start, program.slot_of(index - start))

    def find(self, place: str) -> int:
        """Return the index for a location given as a slot, a function name, FILE:LINE or :LINE.

        Slots and lines refer to the first program. Raises MachineError if the location is unknown.
        """
        start, program = self._programs[0]
        file, colon, line = place.rpartition(":")
        if place.isdecimal() and len(place) < 10 and int(place) < program.slots:
            return start + program.index_at(int(place))
        for function in program.functions:
            if function.name == place:
                return start + program.index_at(function.slot)
        for number, source in enumerate(one.source for one in program.instructions):
            if colon and source and str(source.line) == line and source.file.endswith(file):
                return start + number
        raise MachineError(f"unknown place {place!r}", fix="specify a slot, a function or :LINE")

    def function_address(self, index: int) -> int:
        """Return the pointer value that represents the function at ``index``."""
        return FUNCTIONS.base + _POINTER * index

    def function_name(self, address: int) -> str | None:
        """Return the name of the function that a pointer refers to, or None for other pointers."""
        index, rest = divmod(address - FUNCTIONS.base, _POINTER)
        return None if rest or not 0 <= index < len(self.steps) else self.where(index).function

    def function_at(self, address: int) -> int:
        """Return the index of the function that a pointer refers to.

        Raises MachineError if the pointer does not refer to a function.
        """
        index, rest = divmod(address - FUNCTIONS.base, _POINTER)
        if rest or not 0 <= index < len(self.steps):
            raise MachineError(f"{address:#x} is not a function of the program")
        return index
