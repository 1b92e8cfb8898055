"""Relocate a program: resolve each record, patch its instruction, and report the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.instruction import slots_of
from rawbpf.core_relo.decide import decide
from rawbpf.core_relo.patch import has_width, patch, poisoned, width_may_change
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction, Source
    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.candidates import Targets
    from rawbpf.core_relo.compute import Decision
    from rawbpf.uapi.btf import bpf_core_relo_kind

__all__ = ["Relocated", "Result", "relocate"]


class Result(NamedTuple):
    """The result of relocating one record.

    ``slot`` is the instruction's slot before relocation, and ``access`` is the path in C syntax.
    ``target`` is None if the kernel has no value for the record; the instruction is then poisoned.
    ``missing`` describes the missing part of the path, even if the program only checked whether the
    path exists. ``candidate`` is the kernel's type, such as "[134] struct task_struct", followed by
    the module name if a module defines the type.
    """

    slot: int
    kind: bpf_core_relo_kind
    access: str
    local: int
    target: int | None
    before: Instruction
    after: Instruction
    source: Source | None = None
    candidate: str = ""
    missing: str = ""


class Relocated(NamedTuple):
    """The code relocated for one kernel, and the result of each record."""

    code: Bytecode
    results: tuple[Result, ...]


def relocate(code: Bytecode, local: Btf, targets: Targets) -> Relocated:
    """Return the code after filling in offsets, sizes and other values from a kernel's types.

    Raises FormatError if a record is damaged, and UnsupportedError if several kernel types lead to
    different results. A missing field is not an error at this point: the instruction is poisoned,
    and the verifier rejects the program only if it can reach the instruction.
    """
    if not code.relocations:
        return Relocated(code, ())
    instructions: list[Instruction] = []
    results = []
    for slot, one in zip(slots_of(code.instructions), code.instructions, strict=False):
        if one.relocation is None:
            instructions.append(one)
            continue
        decision = decide(local, one.relocation, targets)
        before = one._replace(relocation=None)
        new, why = _apply(before, local, decision)
        results.append(_result(slot, before, new, decision, why))
        instructions += new
    return Relocated(code._replace(instructions=tuple(instructions)), tuple(results))


def _apply(
    instruction: Instruction, local: Btf, decision: Decision
) -> tuple[list[Instruction], str]:
    """Return the patched instructions, and a reason if they are poisoned."""
    target, found = decision.target, decision.found
    if target is None:
        return poisoned(instruction), decision.missing
    if (
        found is not None
        and has_width(instruction)
        and not width_may_change(local, decision.local, found.btf, target)
    ):
        why = (
            f"{decision.text} is {target.size} bytes long in this kernel, not {decision.local.size}"
        )
        return poisoned(instruction), why
    try:
        return [patch(instruction, decision.local, target)], ""
    except FormatError as error:
        raise FormatError(f"{decision.text}: {error.what}", why=error.why) from None


def _result(
    slot: int,
    before: Instruction,
    new: list[Instruction],
    decision: Decision,
    why: str,
) -> Result:
    target = None if why or decision.target is None else decision.target.number
    return Result(
        slot, decision.kind, decision.text, decision.local.number, target, before, new[0],
        before.source, decision.candidate, why or decision.missing,
    )  # fmt: skip
