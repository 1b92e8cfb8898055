r"""Instructions that exist only in a program's translated code inside the kernel.

A program's translated code (``xlated``, from BPF_OBJ_GET_INFO_BY_FD) differs from the code that was
loaded. The verifier rewrites the code, and the kernel undoes only some of the changes before it
returns the code (kernel/bpf/syscall.c, bpf_insn_prepare_dump):

    call of a function   │ imm is the function's number, the distance is in off (with a JIT)
    call of a helper     │ imm is the distance from __bpf_call_base to the helper's code
    load of a map        │ src unchanged, imm is the map's *ID*, not a descriptor
    code_addr            │ the upper half is the function's number
    var_addr             │ imm is the variable's address, or its offset in each CPU's area
    r11                  │ BPF_REG_AX: a scratch register of the verifier (for example in may_goto)
    mov with off -1      │ from a per-CPU offset to the address on this CPU (6.10)
    opcode c2            │ nospec: a barrier against speculation (5.12)
    mode 20, 40          │ loads that may fault and then yield 0: MEM and MEMSX

``public`` undoes as many changes as possible, and ``internal_text`` formats instructions that have
no form in the instruction set.

>>> internal_text(Instruction(0xC2)), internal_text(Instruction(0xBF, 0, 0, -1))
('nospec', 'r0 = percpu_addr(r0)')
>>> internal_text(Instruction(0x79, 11, 10, -16)), internal_text(Instruction(0x95))
('r11 = *(u64 *)(r10 - 16)', None)
"""

from __future__ import annotations

from rawbpf.asm.decode import decode_unchecked
from rawbpf.asm.format import C, Style, format_instruction
from rawbpf.asm.forms import form_of
from rawbpf.asm.instruction import LD_IMM64, SLOT, Instruction
from rawbpf.errors import DecodeError
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import instruction_class, mode, size

__all__ = ["decode_internal", "internal_text", "public"]

_NOSPEC = isa.BPF_ST | 0xC0
_PROBE_MEM, _PROBE_MEMSX, _PROBE_ATOMIC = 0x20, 0x40, 0xE0
_MODES = {
    (isa.BPF_LDX, _PROBE_MEM): isa.BPF_MEM,
    (isa.BPF_LDX, _PROBE_MEMSX): isa.BPF_MEMSX,
    (isa.BPF_STX, _PROBE_ATOMIC): isa.BPF_ATOMIC,
}
_CALL = isa.BPF_JMP | isa.BPF_CALL
_PERCPU_MOV = isa.BPF_ALU64 | isa.BPF_MOV | isa.BPF_X
_BPF_ADDR_PERCPU = -1
_LOW_HALF = 0xFFFF_FFFF


def decode_internal(data: bytes) -> list[Instruction]:
    """Decode a translated program, with instructions restored by ``public`` where possible.

    Raises DecodeError if the data ends inside an instruction.
    """
    instructions, offset = [], 0
    while offset < len(data):
        instruction = public(decode_unchecked(data, offset))
        instructions.append(instruction)
        offset += SLOT * instruction.slots
    return instructions


def public(instruction: Instruction) -> Instruction:
    """Return the instruction with the fields moved by the kernel restored."""
    opcode, _, src, off, imm = instruction[:5]
    if opcode == _CALL and src == isa.BPF_PSEUDO_CALL and off:
        return instruction._replace(imm=off, off=0)
    if opcode == LD_IMM64 and src == isa.BPF_PSEUDO_FUNC:
        return instruction._replace(imm=imm & _LOW_HALF)
    if opcode == LD_IMM64 and src == isa.BPF_PSEUDO_BTF_ID:
        return instruction._replace(src=0)
    moved = _MODES.get((instruction_class(opcode), mode(opcode)))
    if moved is not None:
        return instruction._replace(opcode=instruction_class(opcode) | size(opcode) | moved)
    return instruction


def internal_text(instruction: Instruction, style: Style = C) -> str | None:
    """Format an instruction that has no form; return None if the instruction has a form."""
    if instruction.opcode == _NOSPEC:
        return "nospec"
    if instruction.opcode == _PERCPU_MOV and instruction.off == _BPF_ADDR_PERCPU:
        return f"r{instruction.dst} = percpu_addr(r{instruction.src})"
    try:
        form_of(instruction)
    except DecodeError:
        return _with_r11(instruction, style) or _bits(instruction)
    return None


def _with_r11(instruction: Instruction, style: Style) -> str | None:
    """Format an instruction that would have a form if r11 were a valid register."""
    ax = isa.MAX_BPF_REG
    if ax not in (instruction.dst, instruction.src):
        return None
    usual = instruction._replace(dst=min(instruction.dst, 9), src=min(instruction.src, 9))
    try:
        return format_instruction(instruction, style, form=form_of(usual))
    except DecodeError:
        return None


def _bits(instruction: Instruction) -> str:
    opcode, dst, src, off, imm = instruction[:5]
    return f"internal {opcode:#04x} r{dst} r{src} off={off} imm={imm:#x}"
