"""Resolve externs in section .ksyms, which are kernel variables and functions.

    extern const struct rq runqueues __ksym    │ lddw with src = 3: the BTF ID of a variable
    extern const void bpf_prog_put __ksym      │ lddw with src = 0: an address
    extern void bpf_rcu_read_lock(void) __ksym │ call with src = 2: the BTF ID of a function
    ... __weak, and missing in this kernel     │ lddw of 0; a call that must be unreachable

If the type is in a module's BTF, the kernel needs a file descriptor for that BTF. For a variable,
the descriptor is stored in the upper half of the lddw; for a call, ``off`` is an index into the
fd_array that is passed when the program is loaded. The descriptor is known only when the program is
loaded, so until then the instruction contains a reference to the module.

A program tests ``if (bpf_rcu_read_lock)`` before it calls a weak function. If the function is
missing, the program tests the constant 0, so the verifier skips the branch. If the verifier
nevertheless reaches the call, the invalid helper number in its log identifies the function.

Minimum kernel: 5.10 for variables (4976b718c355), 5.13 for functions (e6ac2450d6de); in modules
5.12 (541c3bad8dc5) and 5.16 (2357672c54c3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.instruction import LD_IMM64, Reference
from rawbpf.btf import types as t
from rawbpf.btf.sizes import strip
from rawbpf.collection.kernel_types import Missing, find_type, why_missing
from rawbpf.core_relo.access import essential
from rawbpf.core_relo.compatible import types_compatible
from rawbpf.errors import UnsupportedError
from rawbpf.uapi.bpf_insn import BPF_PSEUDO_BTF_ID, BPF_PSEUDO_KFUNC_CALL
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_VAR

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.collection.kernel_types import KernelType
    from rawbpf.specs.object_spec import ExternSpec, ObjectSpec

__all__ = ["ABSENT_CALL", "resolve_ksyms"]

ABSENT_CALL = 0x0BAD_CA11
"""A base for invalid helper numbers.

The extern's index is added to this number, so that a rejection identifies the extern."""


def resolve_ksyms(spec: ObjectSpec, kernel: KernelFacts) -> ObjectSpec:
    """Resolve the externs in all programs that will be loaded."""
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
    """Return the externs that need addresses, which are looked up in one pass over kallsyms."""
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
    """A resolved extern; ``number`` is a type ID if ``typed`` is set, otherwise an address."""

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
    """Return the resolved instruction; ``absent`` is the helper number for missing functions."""
    if instruction.opcode == LD_IMM64:
        if found is None:
            return instruction._replace(src=0, imm=0)
        if found.typed:
            return instruction._replace(src=BPF_PSEUDO_BTF_ID, imm=found.number)
        return instruction._replace(src=0, imm=found.number + addend)
    if found is None:
        return instruction._replace(src=0, imm=absent)
    # 1 means that the function is in a module; loading replaces 1 with the module's index in
    # fd_array
    index = 1 if found.module else 0
    return instruction._replace(src=BPF_PSEUDO_KFUNC_CALL, off=index, imm=found.number)


def _find(extern: ExternSpec, spec: ObjectSpec, kernel: KernelFacts) -> _Found | None:
    """Resolve one extern; return None if a weak extern is missing."""
    untyped = _by_address(extern, spec)
    found = _find_address(extern, kernel) if untyped else _find_type(extern, spec, kernel)
    if found is not None or extern.weak:
        return found
    what = "kfunc" if extern.kind == "kfunc" else "variable"
    missing = _why_not_found(extern, kernel, untyped=untyped)
    raise UnsupportedError(
        f"this kernel has no {what} {extern.name}",
        why=missing.why,
        fix=missing.fix or "declare the symbol __weak if the program works without it",
    )


def _why_not_found(extern: ExternSpec, kernel: KernelFacts, *, untyped: bool) -> Missing:
    if untyped:
        return Missing("the symbol is not in /proc/kallsyms")
    name = essential(extern.name) if extern.kind == "kfunc" else extern.name
    if extern.kind == "kfunc" and find_type(kernel, name, BTF_KIND_FUNC) is not None:
        return Missing(
            f"the prototype of {name} in this kernel differs from the declaration in the object",
            f"declare each prototype as a weak flavour, such as {name}___v2, and test "
            f"which one exists",
        )
    return why_missing(kernel, name)


def _by_address(extern: ExternSpec, spec: ObjectSpec) -> bool:
    """Return whether only the extern's address is used, because the extern has no type."""
    types, type_id = spec.btf, extern.type_id
    if extern.kind != "ksym":
        return False
    return types is None or not type_id or isinstance(types[strip(types, type_id)], t.Void)


def _find_address(extern: ExternSpec, kernel: KernelFacts) -> _Found | None:
    address = kernel.address(extern.name)
    return None if address is None else _Found(address, typed=False)


def _find_type(extern: ExternSpec, spec: ObjectSpec, kernel: KernelFacts) -> _Found | None:
    """Find a variable, or a function whose prototype is compatible with the declaration.

    An object can declare several prototypes of a function, as flavours (``bpf_task_acquire___v1``),
    and use the flavour that this kernel has.
    """
    if extern.kind != "kfunc":
        found = find_type(kernel, extern.name, BTF_KIND_VAR)
    else:
        found = find_type(kernel, essential(extern.name), BTF_KIND_FUNC)
        if found is not None and not _same_prototype(extern, spec, found, kernel):
            return None
    return None if found is None else _Found(found.type_id, typed=True, module=found.module)


def _same_prototype(
    extern: ExternSpec, spec: ObjectSpec, found: KernelType, kernel: KernelFacts
) -> bool:
    """Return whether a function's prototypes in the object and in the kernel are compatible."""
    theirs = kernel.modules[found.module] if found.module else kernel.require_types()
    if spec.btf is None:
        return True
    declared, function = spec.btf[extern.type_id], theirs[found.type_id]
    if not isinstance(declared, t.Func) or not isinstance(function, t.Func):
        return True
    return types_compatible(spec.btf, declared.type_id, theirs, function.type_id)
