"""Externs of the section .ksyms: names of the kernel, put into the instructions.

    extern const struct rq runqueues __ksym     lddw with src = 3: the BTF id of a variable
    extern const void bpf_prog_put __ksym       lddw with src = 0: an address, nothing more
    extern void bpf_rcu_read_lock(void) __ksym  call with src = 2: the BTF id of a function
    ... __weak, and absent                      lddw of 0; a call that the verifier must not reach

Where the type is a module's, the kernel is told whose: a variable's lddw has, in its upper half,
the descriptor of the module's BTF; a call has in off an index into the load's fd_array. Both are
known at the load only, so a reference to the module stays beside the instruction.

A program asks ``if (bpf_rcu_read_lock)`` before it calls; with 0 there, the verifier drops the
branch. If it does reach the call, the helper number there, which no kernel has, tells.

Minimum kernel: 5.10 for variables (4976b718c355), 5.13 for functions (e6ac2450d6de); of modules
5.12 (541c3bad8dc5) and 5.16 (2357672c54c3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.instruction import LD_IMM64, Reference
from rawbpf.btf import types as t
from rawbpf.btf.sizes import strip
from rawbpf.collection.kernel_types import Missing, find_type, why_missing
from rawbpf.errors import UnsupportedError
from rawbpf.uapi.bpf_insn import BPF_PSEUDO_BTF_ID, BPF_PSEUDO_KFUNC_CALL
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_VAR

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.specs.object_spec import ExternSpec, ObjectSpec

__all__ = ["ABSENT_CALL", "resolve_ksyms"]

ABSENT_CALL = 0x0BAD_CA11
"""A helper that no kernel has. The number of the extern is added, so that a refusal names it."""


def resolve_ksyms(spec: ObjectSpec, kernel: KernelFacts) -> ObjectSpec:
    """The object with the kernel's names put in, for all programs that would be loaded."""
    kernel.look_up(_untyped(spec))
    found: dict[str, _Found | None] = {}
    programs = {
        name: program._replace(code=_resolve(program.code, spec, kernel, found))
        if program.autoload
        else program
        for name, program in spec.programs.items()
    }
    return spec._replace(programs=programs)


def _untyped(spec: ObjectSpec) -> set[str]:
    """The names of which the programs want the address: a list of 10 MB is read for them."""
    used = {
        reference.name
        for program in spec.programs.values()
        if program.autoload
        for reference in program.code.references.values()
    }
    return {
        one.name for one in spec.externs.values() if one.name in used and _by_address(one, spec)
    }


class _Found(NamedTuple):
    """What a name is in this kernel: the id of a type, of a module or not, or an address."""

    number: int
    typed: bool
    module: str = ""


def _resolve(
    code: Bytecode, spec: ObjectSpec, kernel: KernelFacts, found: dict[str, _Found | None]
) -> Bytecode:
    numbers = {name: number for number, name in enumerate(spec.externs)}
    instructions = list(code.instructions)
    for index, reference in code.references.items():
        extern = spec.externs.get(reference.name)
        if reference.kind not in ("ksym", "kfunc") or extern is None:
            continue
        if extern.name not in found:
            found[extern.name] = _find(extern, spec, kernel)
        absent = ABSENT_CALL + numbers[extern.name]
        what = found[extern.name]
        left = None
        if what is not None and what.module:
            left = Reference(f"module_{reference.kind}", f"{what.module}:{extern.name}")
        new = _put(instructions[index], what, reference.addend, absent)
        instructions[index] = new._replace(reference=left)
    return code._replace(instructions=tuple(instructions))


def _put(instruction: Instruction, found: _Found | None, addend: int, absent: int) -> Instruction:
    """The instruction with what was found in it; ``absent``: what is called instead of nothing."""
    if instruction.opcode == LD_IMM64:
        if found is None:
            return instruction._replace(src=0, imm=0)
        if found.typed:
            return instruction._replace(src=BPF_PSEUDO_BTF_ID, imm=found.number)
        return instruction._replace(src=0, imm=found.number + addend)
    if found is None:
        return instruction._replace(src=0, imm=absent)
    # The first of the modules, until the load knows which it is.
    index = 1 if found.module else 0
    return instruction._replace(src=BPF_PSEUDO_KFUNC_CALL, off=index, imm=found.number)


def _find(extern: ExternSpec, spec: ObjectSpec, kernel: KernelFacts) -> _Found | None:
    """Look it up; None for a weak one that is absent."""
    untyped = _by_address(extern, spec)
    found = _find_address(extern, kernel) if untyped else _find_type(extern, kernel)
    if found is not None or extern.weak:
        return found
    missing = Missing("/proc/kallsyms has none") if untyped else why_missing(kernel, extern.name)
    what = "function that programs may call" if extern.kind == "kfunc" else "variable"
    raise UnsupportedError(
        f"this kernel has no {what} {extern.name}",
        why=missing.why,
        fix=missing.fix or "declare it __weak if the program can do without",
    )


def _by_address(extern: ExternSpec, spec: ObjectSpec) -> bool:
    """Whether it is a variable of no type: all that is wanted of it is where it is."""
    types, type_id = spec.btf, extern.type_id
    if extern.kind != "ksym":
        return False
    return types is None or not type_id or isinstance(types[strip(types, type_id)], t.Void)


def _find_address(extern: ExternSpec, kernel: KernelFacts) -> _Found | None:
    address = kernel.address(extern.name)
    return None if address is None else _Found(address, typed=False)


def _find_type(extern: ExternSpec, kernel: KernelFacts) -> _Found | None:
    kind = BTF_KIND_FUNC if extern.kind == "kfunc" else BTF_KIND_VAR
    found = find_type(kernel, extern.name, kind)
    return None if found is None else _Found(found.type_id, typed=True, module=found.module)
