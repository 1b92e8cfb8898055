"""Patch an instruction by replacing the local value that clang encoded.

    r1 += 1160                   │ add and mov of a constant: imm
    r1 = *(u64 *)(r1 + 1160)     │ loads and stores: off, and the width if the field's changed
    r1 = 1160 ll                 │ the 64-bit constant: enumerators, type IDs

The width may change only for pointers and unsigned integers, which have the same meaning at any
width. A load of a signed field, or of a field that is not a number, would read a wrong value at
another width, so the load is poisoned. A plain offset is valid for any field, because the program
itself decides how many bytes to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.instruction import LD_IMM64, Instruction
from rawbpf.btf import types as t
from rawbpf.errors import FormatError
from rawbpf.uapi.bpf_insn import (
    BPF_ALU,
    BPF_ALU64,
    BPF_B,
    BPF_CALL,
    BPF_DW,
    BPF_H,
    BPF_JMP,
    BPF_LDX,
    BPF_ST,
    BPF_STX,
    BPF_W,
    BPF_X,
)
from rawbpf.uapi.btf import BTF_INT_SIGNED

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.compute import Value

__all__ = ["POISON", "has_width", "patch", "poisoned", "width_may_change"]

POISON = 0xBAD2310
"""A number that does not belong to any helper.

libbpf uses the same number, so users recognize it in logs.
"""

_SIZES = {1: BPF_B, 2: BPF_H, 4: BPF_W, 8: BPF_DW}
_WIDTHS = {code: size for size, code in _SIZES.items()}
_SIZE_MASK = BPF_B | BPF_H | BPF_DW
_CLASS_MASK = 7
_ALL = (1 << 64) - 1
_LARGEST_OFFSET = 0x7FFF


def poisoned(instruction: Instruction) -> list[Instruction]:
    """Return calls that the verifier rejects if it reaches them, filling the same slots."""
    call = Instruction(BPF_JMP | BPF_CALL, imm=POISON, source=instruction.source)
    return [call] * instruction.slots


def patch(instruction: Instruction, local: Value, target: Value) -> Instruction:
    """Return the instruction with the kernel's value instead of the local value.

    Raises FormatError if the instruction cannot contain a value, or if it does not contain the
    local value.
    """
    if instruction.opcode == LD_IMM64:
        return _wide(instruction, local, target)
    kind = instruction.opcode & _CLASS_MASK
    if kind in (BPF_ALU, BPF_ALU64) and not instruction.opcode & BPF_X:
        _expect(instruction, instruction.imm, _signed(local.number), local)
        return instruction._replace(imm=_signed(target.number))
    if has_width(instruction):
        _expect(instruction, instruction.off, local.number, local)
        return _at_offset(instruction, local, target)
    raise FormatError("a CO-RE relocation refers to an instruction that has no value to patch")


def _wide(instruction: Instruction, local: Value, target: Value) -> Instruction:
    """Patch the instruction that loads a 64-bit constant.

    BTF from old compilers does not record that an enumerator is negative, but the code shows it:
    the upper half of the constant is all ones.
    """
    number, expected = target.number, local.number & _ALL
    if local.narrow and instruction.imm >> 63:
        expected = _signed(local.number) & _ALL
        number = _signed(number) if target.narrow else number
    _expect(instruction, instruction.imm, expected, local)
    return instruction._replace(imm=number & _ALL)


def has_width(instruction: Instruction) -> bool:
    """Return whether the instruction is a load or a store, which have an access width."""
    return instruction.opcode & _CLASS_MASK in (BPF_LDX, BPF_ST, BPF_STX)


def _expect(instruction: Instruction, found: int, expected: int, local: Value) -> None:
    if local.exact and found != expected:
        raise FormatError(
            f"a CO-RE relocation expects {expected}, but the instruction contains {found}",
            why=f"opcode {instruction.opcode:#04x}",
        )


def _at_offset(instruction: Instruction, local: Value, target: Value) -> Instruction:
    if target.number > _LARGEST_OFFSET:
        raise FormatError(f"offset {target.number} does not fit into an instruction")
    opcode = instruction.opcode
    if target.size != local.size:
        width = _WIDTHS[opcode & _SIZE_MASK]
        if width != local.size or target.size not in _SIZES:
            why = (
                f"the instruction loads {width} bytes of a field of {local.size} bytes, but "
                f"in this kernel the field is {target.size} bytes long"
            )
            raise FormatError("an instruction cannot be adapted to the size of the field", why=why)
        opcode = opcode & ~_SIZE_MASK | _SIZES[target.size]
    return instruction._replace(opcode=opcode, off=target.number)


def width_may_change(a: Btf, local: Value, b: Btf, target: Value) -> bool:
    """Return whether a load may be changed from one field's size to the other's."""
    if local.size == target.size or not local.type_id or not target.type_id:
        return True
    one, other = a[local.type_id], b[target.type_id]
    if isinstance(one, t.Ptr) and isinstance(other, t.Ptr):
        return True
    if isinstance(one, t.Int) and isinstance(other, t.Int):
        return not (one.encoding | other.encoding) & BTF_INT_SIGNED
    return False


def _signed(number: int) -> int:
    """Return the low 32 bits as a signed number for the imm field."""
    low = number & 0xFFFF_FFFF
    return low - (low >> 31 << 32)
