"""What lies under the builder: instructions appended one by one, then labels become distances.

A jump holds the distance to its target, in slots, counted from the instruction behind it:

    slot 4    jeq r0, 0, +2  ──┐      target = slot + 1 + distance
    slot 5    ...              │
    slot 6    ...              │
    slot 7    exit   <─────────┘

Labels may be used before they are placed, so distances wait until ``build``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.asm.instruction import LD_IMM64, Source
from rawbpf.errors import BytecodeError

if TYPE_CHECKING:
    from types import FrameType

    from rawbpf.asm.instruction import Instruction

__all__ = ["Emitter", "Label"]

Label = str | int
"""The target of a jump: a label's name, or a distance in slots."""


class _Jump(NamedTuple):
    """An instruction, by index, that waits for its label; the distance goes into ``field``."""

    instruction: int
    slot: int
    label: str
    field: str


class Emitter:
    """Collects the instructions and labels of one program."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._instructions: list[Instruction] = []
        self._labels: dict[str, int] = {}
        self._functions: list[Function] = []
        self._jumps: list[_Jump] = []
        self._slot = 0
        self._source: Source | None = None

    @property
    def slot(self) -> int:
        """The slot of the next instruction."""
        return self._slot

    def at(self, source: Source | None) -> None:
        """Say where the next instructions come from; None: from the Python line that emits them."""
        self._source = source

    def emit(self, instruction: Instruction) -> None:
        """Append one instruction, with the current source line."""
        self._instructions.append(instruction._replace(source=self._source or _caller()))
        self._slot += instruction.slots

    def emit_jump(self, instruction: Instruction, target: Label, field: str = "off") -> None:
        """Append one with a distance in ``field`` ("off" or "imm")."""
        if isinstance(target, str):
            self._jumps.append(_Jump(len(self._instructions), self._slot, target, field))
            target = 0
        self.emit(_aim(instruction, field, target, f"{target:+}"))

    def label(self, name: str) -> None:
        """Place a label here. A name can be placed once."""
        if name in self._labels:
            raise BytecodeError(f"label {name!r} is placed twice")
        self._labels[name] = self._slot

    def fresh(self, stem: str = "L") -> str:
        """A label's name that nothing else has, for code that is emitted more than once."""
        number = len(self._instructions)
        taken = self._labels.keys() | {jump.label for jump in self._jumps}
        while f"{stem}.{number}" in taken:
            number += 1
        return f"{stem}.{number}"

    def function(self, name: str) -> None:
        """A function of this program begins here; it is also a label."""
        self.label(name)
        self._functions.append(Function(name, self._slot))

    def build(self) -> Bytecode:
        """The program. BytecodeError when a label is missing or too far away."""
        instructions = list(self._instructions)
        for jump in self._jumps:
            instructions[jump.instruction] = self._land(instructions[jump.instruction], jump)
        functions = self._functions
        if not functions or functions[0].slot:
            functions = [Function(self.name, 0), *functions]
        return Bytecode(self.name, tuple(instructions), tuple(functions))

    def _land(self, instruction: Instruction, jump: _Jump) -> Instruction:
        """The jump with the distance to its label."""
        if jump.label not in self._labels:
            why = f"used at {instruction.source}"
            raise BytecodeError(f"label {jump.label!r} is nowhere placed", why=why)
        distance = self._labels[jump.label] - (jump.slot + 1)
        return _aim(instruction, jump.field, distance, repr(jump.label))


def _aim(instruction: Instruction, field: str, distance: int, target: str) -> Instruction:
    """Put a distance into off or imm, if it fits."""
    bits = 16 if field == "off" else 32
    if not -(1 << bits - 1) <= distance < 1 << bits - 1:
        raise BytecodeError(
            f"the jump to {target} is {distance} slots long",
            why=f"its distance has {bits} bits",
            fix="reach it through gotol" if bits == 16 else None,
        )
    if instruction.opcode == LD_IMM64:
        distance &= 0xFFFF_FFFF  # the low half of what it loads; the high one stays 0
    return instruction._replace(off=distance) if bits == 16 else instruction._replace(imm=distance)


_OWN = __name__.rpartition(".")[0] + ".build"
"""Frames of the builder's own modules (build_*.py, builder.py) are nobody's source line."""


def _caller() -> Source | None:
    """The Python line that called the builder."""
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001 -- inspect.stack() costs a thousand times as much
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module != __name__ and not module.startswith(_OWN):
            return Source(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None
