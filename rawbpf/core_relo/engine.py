"""Relocate a program: decide each record, patch its instruction, report the result."""

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

    ``slot`` is the instruction's slot before relocation, ``access`` the path in C terms. ``target``
    is None if the kernel has no answer; the instruction is then poisoned. ``missing`` says what the
    kernel lacks, even if the program only asked whether it exists. ``candidate`` is the kernel's
    type, such as "[134] struct task_struct", followed by its module if it is in one.
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
    """The code for one kernel, and the result of each record."""

    code: Bytecode
    results: tuple[Result, ...]


def relocate(code: Bytecode, local: Btf, targets: Targets) -> Relocated:
    """Return the code with the offsets, sizes and numbers of a kernel's types.

    Raise FormatError if a record is damaged, and UnsupportedError if several kernel types give
    different answers. Missing fields are not an error here: their instructions are poisoned, and
    the verifier rejects the program if it reaches one.
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
    """Return the new instructions, and the reason if they are poisoned."""
    target, found = decision.target, decision.found
    if target is None:
        return poisoned(instruction), decision.missing
    if (
        found is not None
        and has_width(instruction)
        and not width_may_change(local, decision.local, found.btf, target)
    ):
        why = f"{decision.text} has {target.size} bytes in this kernel, not {decision.local.size}"
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
