"""All records of a program, one after the other: decide, patch, say what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.instruction import slots_of
from rawbpf.core_relo.decide import decide
from rawbpf.core_relo.patch import has_width, patch, poisoned, width_may_change
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from rawbpf.asm.instruction import Instruction
    from rawbpf.asm.program import Program, Source
    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.candidates import Targets
    from rawbpf.core_relo.decision import Decision
    from rawbpf.uapi.btf import bpf_core_relo_kind

__all__ = ["Relocated", "Result", "relocate"]


class Result(NamedTuple):
    """What became of one record.

    ``slot``: of the instruction, in the code as it was. ``access``: in C terms. ``target``: None if
    this kernel has no answer; the instruction is poisoned then. ``missing``: what is not there,
    also where that is an answer (0: no). ``candidate``: the kernel's type, "[134] struct
    task_struct", with its module if it is in one.
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
    """The code for one kernel, and how it came about."""

    code: Program
    results: tuple[Result, ...]


def relocate(code: Program, local: Btf, targets: Targets) -> Relocated:
    """The code with the offsets, sizes and numbers that the target's types have.

    FormatError: a record is damaged. UnsupportedError: several types of the kernel answer, and not
    alike; it names them. What is not there is no error until the verifier finds it reached.
    """
    if not code.relocations:
        return Relocated(code, ())
    replaced: dict[int, list[Instruction]] = {}
    results, slots = [], slots_of(code.instructions)
    for index, record in sorted(code.relocations.items()):
        instruction = code.instructions[index]
        source = code.sources[index] if code.sources else None
        decision = decide(local, record, targets)
        new, why = _apply(instruction, local, decision)
        results.append(_result(slots[index], instruction, new, decision, why, source))
        replaced[index] = new
    return Relocated(_rebuilt(code, replaced), tuple(results))


def _apply(
    instruction: Instruction, local: Btf, decision: Decision
) -> tuple[list[Instruction], str]:
    """The instructions instead, and what is wrong if they are poison."""
    target, found = decision.target, decision.found
    if target is None:
        return poisoned(instruction), decision.missing
    if (
        found is not None
        and has_width(instruction)
        and not width_may_change(local, decision.local, found.btf, target)
    ):
        why = f"{decision.text} has {target.size} bytes here, not {decision.local.size}"
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
    source: Source | None,
) -> Result:
    target = None if why or decision.target is None else decision.target.number
    return Result(
        slot, decision.kind, decision.text, decision.local.number, target, before, new[0],
        source, decision.candidate, why or decision.missing,
    )  # fmt: skip


def _rebuilt(code: Program, replaced: dict[int, list[Instruction]]) -> Program:
    """The program with other instructions. Two for one, in as many slots, move what is behind."""
    if all(len(new) == 1 for new in replaced.values()):
        same = list(code.instructions)
        for index, (new,) in replaced.items():
            same[index] = new
        return code._replace(instructions=tuple(same), relocations={})
    instructions: list[Instruction] = []
    sources: list[Source | None] = []
    at = {}
    for index, instruction in enumerate(code.instructions):
        at[index] = len(instructions)
        instead = replaced.get(index, [instruction])
        instructions += instead
        sources += [code.sources[index]] * len(instead) if code.sources else []
    return code._replace(
        instructions=tuple(instructions),
        sources=tuple(sources),
        references={at[index]: one for index, one in code.references.items()},
        relocations={},
    )
