"""The builder's base class, which collects instructions and resolves labels.

A jump encodes the distance to its target in slots, relative to the slot after the jump:

    slot 4    jeq r0, 0, +2  ──┐      target = slot + 1 + distance
    slot 5    ...              │
    slot 6    ...              │
    slot 7    exit   <─────────┘

Labels may be used before they are defined, so ``build`` fills in the distances.
"""

from __future__ import annotations

import sys

from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.asm.instruction import LD_IMM64, Instruction, Reference, Source
from rawbpf.asm.register import Register, immediate, register, same_width
from rawbpf.errors import BytecodeError
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import HELPER_NUMBERS

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Emitter", "Flow", "Label", "Operand"]

Label = str | int
"""A jump target, which is a label's name or a distance in slots."""

Operand = Register | int
"""The source operand of an arithmetic instruction or a comparison."""


class _Jump(NamedTuple):
    """A jump whose distance is not known yet: index, slot, and the field for the distance."""

    number: int
    slot: int
    label: str
    field: str


class Emitter:
    """Collects a program's instructions and labels."""

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
        """Set the source line for the following instructions.

        With None, the default, each instruction records the Python line that emits it.
        """
        self._source = source

    def emit(self, instruction: Instruction) -> None:
        """Append an instruction with the current source line."""
        self._instructions.append(instruction._replace(source=self._source or caller()))
        self._slot += instruction.slots

    def emit_jump(self, instruction: Instruction, target: Label, field: str = "off") -> None:
        """Append an instruction whose ``field`` ("off" or "imm") contains a distance."""
        if isinstance(target, str):
            self._jumps.append(_Jump(len(self._instructions), self._slot, target, field))
            target = 0
        self.emit(_aimed(instruction, field, target, f"{target:+}"))

    def label(self, name: str) -> None:
        """Define a label at the next instruction.

        Raises BytecodeError if the label is already defined.
        """
        if name in self._labels:
            raise BytecodeError(f"label {name!r} is placed twice")
        self._labels[name] = self._slot

    def fresh(self, stem: str = "L") -> str:
        """Return an unused label name, for code that may be emitted more than once."""
        number = len(self._instructions)
        taken = self._labels.keys() | {jump.label for jump in self._jumps}
        while f"{stem}.{number}" in taken:
            number += 1
        return f"{stem}.{number}"

    def function(self, name: str) -> None:
        """Start a new function of this program; the function's name is also a label."""
        self.label(name)
        self._functions.append(Function(name, self._slot))

    def build(self) -> Bytecode:
        """Return the program. Raises BytecodeError if a label is undefined or too far away."""
        instructions = list(self._instructions)
        for jump in self._jumps:
            instructions[jump.number] = self._landed(instructions[jump.number], jump)
        functions = self._functions
        if not functions or functions[0].slot:
            functions = [Function(self.name, 0), *functions]
        return Bytecode(self.name, tuple(instructions), tuple(functions))

    def _landed(self, instruction: Instruction, jump: _Jump) -> Instruction:
        """Return the jump with the distance to its label filled in."""
        if jump.label not in self._labels:
            why = f"used at {instruction.source}"
            raise BytecodeError(f"label {jump.label!r} is not placed", why=why)
        distance = self._labels[jump.label] - (jump.slot + 1)
        return _aimed(instruction, jump.field, distance, repr(jump.label))


def _aimed(instruction: Instruction, field: str, distance: int, target: str) -> Instruction:
    """Return the instruction with the distance stored in off or imm.

    Raises BytecodeError if the target is too far away.
    """
    bits = 16 if field == "off" else 32
    if not -(1 << bits - 1) <= distance < 1 << bits - 1:
        raise BytecodeError(
            f"the jump of {distance} slots to {target} is out of range",
            why=f"the distance must fit into {bits} bits",
            fix="use gotol" if bits == 16 else None,
        )
    if instruction.opcode == LD_IMM64:
        distance &= 0xFFFF_FFFF  # the second imm field of the constant stays 0
    return instruction._replace(off=distance) if bits == 16 else instruction._replace(imm=distance)


_OWN = __name__.rpartition(".")[0] + ".build"
"""Path prefix of the builder's own modules, whose lines are never recorded as source lines."""


def caller() -> Source | None:
    """Return the line of the Python code that called the builder."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 -- inspect.stack() takes a thousand times as long
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module not in (__name__, "contextlib") and not module.startswith(_OWN):
            return Source(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return None


class Flow(Emitter):
    """A mixin with one method for each kind of jump, call and exit.

    ``jxx(dst, src, target)`` jumps if the condition xx holds between dst and src; src is a register
    or a number. Comparisons use all 64 bits of r registers and the low 32 bits of w registers.
    """

    def _jump(self, operation: int, dst: Register, src: Operand, target: Label) -> None:
        number = register(dst)
        kind = isa.BPF_JMP if dst.bits == 64 else isa.BPF_JMP32
        if isinstance(src, Register):
            same_width(dst, src)
            jump = Instruction(kind | operation | isa.BPF_X, number, src.number)
        else:
            jump = Instruction(kind | operation | isa.BPF_K, number, imm=immediate(src, dst.bits))
        self.emit_jump(jump, target)

    def jeq(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst equals src."""
        self._jump(isa.BPF_JEQ, dst, src, target)

    def jne(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst differs from src."""
        self._jump(isa.BPF_JNE, dst, src, target)

    def jgt(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst > src (unsigned)."""
        self._jump(isa.BPF_JGT, dst, src, target)

    def jge(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst >= src (unsigned)."""
        self._jump(isa.BPF_JGE, dst, src, target)

    def jlt(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst < src (unsigned, Linux 4.14)."""
        self._jump(isa.BPF_JLT, dst, src, target)

    def jle(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst <= src (unsigned, Linux 4.14)."""
        self._jump(isa.BPF_JLE, dst, src, target)

    def jsgt(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst > src (signed)."""
        self._jump(isa.BPF_JSGT, dst, src, target)

    def jsge(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst >= src (signed)."""
        self._jump(isa.BPF_JSGE, dst, src, target)

    def jslt(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst < src (signed, Linux 4.14)."""
        self._jump(isa.BPF_JSLT, dst, src, target)

    def jsle(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst <= src (signed, Linux 4.14)."""
        self._jump(isa.BPF_JSLE, dst, src, target)

    def jset(self, dst: Register, src: Operand, target: Label) -> None:
        """Jump if dst & src is nonzero."""
        self._jump(isa.BPF_JSET, dst, src, target)

    def ja(self, target: Label) -> None:
        """Jump unconditionally."""
        self.emit_jump(Instruction(isa.BPF_JMP | isa.BPF_JA), target)

    def gotol(self, target: Label) -> None:
        """Jump unconditionally, with a 32-bit distance (Linux 6.6)."""
        self.emit_jump(Instruction(isa.BPF_JMP32 | isa.BPF_JA), target, field="imm")

    def may_goto(self, target: Label) -> None:
        """Jump once the loop has used up its iterations, which the kernel counts (Linux 6.9)."""
        self.emit_jump(Instruction(isa.BPF_JMP | isa.BPF_JCOND), target)

    def call(self, helper: str | int) -> None:
        """Call a helper by name, with or without ``bpf_``, or by number."""
        if isinstance(helper, str):
            helper = _helper_number(helper)
        self.emit(Instruction(isa.BPF_JMP | isa.BPF_CALL, imm=immediate(helper)))

    def call_local(self, function: Label) -> None:
        """Call a function of this program by its label or distance (Linux 4.16)."""
        call = Instruction(isa.BPF_JMP | isa.BPF_CALL, src=isa.BPF_PSEUDO_CALL)
        self.emit_jump(call, function, field="imm")

    def call_kfunc(self, function: str | int, fd_index: int = 0) -> None:
        """Call a kernel function by BTF ID or by name, which is resolved at load time (Linux 5.13).

        ``fd_index`` is the index of the module's BTF in fd_array, or 0 for functions of the kernel
        image.
        """
        reference = Reference("kfunc", function) if isinstance(function, str) else None
        imm = 0 if isinstance(function, str) else immediate(function)
        code = isa.BPF_JMP | isa.BPF_CALL
        self.emit(Instruction(code, 0, isa.BPF_PSEUDO_KFUNC_CALL, fd_index, imm, reference))

    def exit(self) -> None:
        """Return from the function with the value in r0."""
        self.emit(Instruction(isa.BPF_JMP | isa.BPF_EXIT))


def _helper_number(name: str) -> int:
    """Return a helper's number.

    Raises BytecodeError, with suggestions of similar names, if no helper has this name.
    """
    number = HELPER_NUMBERS.get(name.removeprefix("bpf_"))
    if number is not None:
        return number
    from difflib import get_close_matches

    near = get_close_matches(name, HELPER_NUMBERS, n=2)
    fix = f"did you mean {' or '.join(near)}?" if near else None
    raise BytecodeError(f"the kernel has no helper {name!r}", fix=fix)
