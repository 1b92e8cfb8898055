"""The builder's flow: jumps, calls, exit.

Comparing two r registers (or r with a number) looks at 64 bits, comparing w at the low 32. The
target is a label's name or a distance in slots.
"""

from __future__ import annotations

from rawbpf.asm.emitter import Emitter, Label
from rawbpf.asm.instruction import Instruction, Reference
from rawbpf.asm.operands import immediate, register, same_width
from rawbpf.asm.register import Register
from rawbpf.errors import BytecodeError
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import HELPERS

__all__ = ["Flow"]

Operand = Register | int


class Flow(Emitter):
    """``jxx(dst, src, target)``: jump if dst xx src; src is a register or a number."""

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
        """If dst == src."""
        self._jump(isa.BPF_JEQ, dst, src, target)

    def jne(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst != src."""
        self._jump(isa.BPF_JNE, dst, src, target)

    def jgt(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst > src, unsigned."""
        self._jump(isa.BPF_JGT, dst, src, target)

    def jge(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst >= src, unsigned."""
        self._jump(isa.BPF_JGE, dst, src, target)

    def jlt(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst < src, unsigned."""
        self._jump(isa.BPF_JLT, dst, src, target)

    def jle(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst <= src, unsigned."""
        self._jump(isa.BPF_JLE, dst, src, target)

    def jsgt(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst > src, signed."""
        self._jump(isa.BPF_JSGT, dst, src, target)

    def jsge(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst >= src, signed."""
        self._jump(isa.BPF_JSGE, dst, src, target)

    def jslt(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst < src, signed."""
        self._jump(isa.BPF_JSLT, dst, src, target)

    def jsle(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst <= src, signed."""
        self._jump(isa.BPF_JSLE, dst, src, target)

    def jset(self, dst: Register, src: Operand, target: Label) -> None:
        """If dst & src is not zero."""
        self._jump(isa.BPF_JSET, dst, src, target)

    def ja(self, target: Label) -> None:
        """Jump always."""
        self.emit_jump(Instruction(isa.BPF_JMP | isa.BPF_JA), target)

    def gotol(self, target: Label) -> None:
        """Jump always, farther than 32,767 slots (Linux 6.6)."""
        self.emit_jump(Instruction(isa.BPF_JMP32 | isa.BPF_JA), target, field="imm")

    def may_goto(self, target: Label) -> None:
        """Jump when the loop has used up what the kernel grants it (Linux 6.9)."""
        self.emit_jump(Instruction(isa.BPF_JMP | isa.BPF_JCOND), target)

    def call(self, helper: str | int) -> None:
        """``r0 = helper(r1, ... r5)``: by name without ``bpf_``, or by number."""
        if isinstance(helper, str):
            helper = _helper_number(helper)
        self.emit(Instruction(isa.BPF_JMP | isa.BPF_CALL, imm=immediate(helper)))

    def call_local(self, function: Label) -> None:
        """Call a function of this program: its label, or the distance to it (Linux 4.16)."""
        call = Instruction(isa.BPF_JMP | isa.BPF_CALL, src=isa.BPF_PSEUDO_CALL)
        self.emit_jump(call, function, field="imm")

    def call_kfunc(self, function: str | int, fd_index: int = 0) -> None:
        """Call a kernel function by name (found at load) or by BTF id (Linux 5.13).

        ``fd_index`` is where its module's BTF is in the load's fd_array; 0 is the kernel itself.
        """
        reference = Reference("kfunc", function) if isinstance(function, str) else None
        imm = 0 if isinstance(function, str) else immediate(function)
        code = isa.BPF_JMP | isa.BPF_CALL
        self.emit(Instruction(code, 0, isa.BPF_PSEUDO_KFUNC_CALL, fd_index, imm, reference))

    def exit(self) -> None:
        """Return r0."""
        self.emit(Instruction(isa.BPF_JMP | isa.BPF_EXIT))


def _helper_number(name: str) -> int:
    """The number of a helper, or what was perhaps meant."""
    helper = HELPERS.get(name.removeprefix("bpf_"))
    if helper is not None:
        return helper.number
    from difflib import get_close_matches

    near = get_close_matches(name, HELPERS, n=2)
    fix = f"did you mean {' or '.join(near)}?" if near else None
    raise BytecodeError(f"the kernel has no helper {name!r}", fix=fix)
