"""All records of a program, one after the other: find, compute, decide, patch."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.core_relo.access import parse_path
from rawbpf.core_relo.compute import Value, absent_value, value_of
from rawbpf.core_relo.match import match_path
from rawbpf.core_relo.missing import what_is_missing
from rawbpf.core_relo.names import name_of, text_of
from rawbpf.core_relo.patch import has_width, patch, poisoned, width_may_change
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.uapi.btf import bpf_core_relo_kind

if TYPE_CHECKING:
    from rawbpf.asm.instruction import Instruction
    from rawbpf.asm.program import Program, Source
    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ext_info import CoreRelo
    from rawbpf.core_relo.access import Path
    from rawbpf.core_relo.candidates import Candidate, Targets

__all__ = ["Decision", "Relocated", "Result", "relocate"]

_LOCAL_ID = bpf_core_relo_kind.BPF_CORE_TYPE_ID_LOCAL


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

    @property
    def missing(self) -> dict[int, Result]:
        """Slot -> the result, of what this kernel does not have."""
        return {one.slot: one for one in self.results if one.target is None}


def relocate(code: Program, local: Btf, targets: Targets) -> Relocated:
    """The code with the offsets, sizes and numbers that the target's types have.

    FormatError: a record is damaged. UnsupportedError: several types of the kernel answer, and not
    alike; it names them. What is not there is no error until the verifier finds it reached.
    """
    if not code.relocations:
        return Relocated(code, ())
    replaced: dict[int, list[Instruction]] = {}
    results, slot = [], 0
    for index, instruction in enumerate(code.instructions):
        record = code.relocations.get(index)
        if record is not None:
            source = code.sources[index] if code.sources else None
            decision = _decide(local, record, targets)
            new, why = _apply(instruction, local, decision)
            results.append(_result(slot, instruction, new, decision, why, source))
            replaced[index] = new
        slot += instruction.slots
    return Relocated(_rebuilt(code, replaced), tuple(results))


class Decision(NamedTuple):
    """A record's path and value here, and there; ``text`` and ``candidate``: for people."""

    text: str
    kind: bpf_core_relo_kind
    local: Value
    target: Value | None
    found: Path | None
    candidate: str = ""
    missing: str = ""


def _decide(local: Btf, record: CoreRelo, targets: Targets) -> Decision:
    """An object's programs ask the same again and again; only fewer candidates change an answer."""
    same = record._replace(insn_off=0)
    known = targets.decided.get((same, targets.left(record.type_id)))
    if known is None:
        known = _decide_anew(local, record, targets)
        targets.decided[same, targets.left(record.type_id)] = known
    return known


def _decide_anew(local: Btf, record: CoreRelo, targets: Targets) -> Decision:
    path = parse_path(local, record)
    kind = bpf_core_relo_kind(record.relo_kind)
    here = value_of(path, kind)
    if kind is _LOCAL_ID:
        return Decision(str(path), kind, here, here, path)
    root = local[record.type_id]
    if not name_of(root):
        raise UnsupportedError(f"{path} cannot be looked up", why="its type has no name")
    candidates = targets.of(record.type_id, root)
    matches = _matches(path, kind, candidates)
    if not matches:
        missing = what_is_missing(path, kind, candidates)
        return Decision(str(path), kind, here, absent_value(kind), None, missing=missing)
    candidates[:] = [candidate for candidate, _ in matches]
    values = [value_of(found, kind) for _, found in matches]
    bits = {found.bit_offset for _, found in matches}
    if len({value.number for value in values}) > 1 or len(bits) > 1:
        raise _ambiguous(path, [(one, v) for (one, _), v in zip(matches, values, strict=True)])
    candidate, found = matches[0]
    return Decision(str(path), kind, here, values[0], found, _name(candidate))


def _matches(
    path: Path, kind: bpf_core_relo_kind, candidates: list[Candidate]
) -> list[tuple[Candidate, Path]]:
    found = ((one, match_path(path, kind, one.btf, one.type_id)) for one in candidates)
    return [(one, path) for one, path in found if path is not None]


def _ambiguous(path: Path, answers: list[tuple[Candidate, Value]]) -> UnsupportedError:
    said = ", ".join(f"{_name(one)} says {value.number}" for one, value in answers[:8])
    return UnsupportedError(
        f"{path} is ambiguous on this kernel",
        why=said,
        fix="ask for a flavour of the type that has only members of the one that is meant",
    )


def _name(candidate: Candidate) -> str:
    name = f"[{candidate.type_id}] {text_of(candidate.btf, candidate.type_id)}"
    return f"{name} of module {candidate.module}" if candidate.module else name


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
    instructions: list[Instruction] = []
    sources: list[Source | None] = []
    at = {}
    for index, instruction in enumerate(code.instructions):
        at[index] = len(instructions)
        new = replaced.get(index, [instruction])
        instructions += new
        sources += [code.sources[index]] * len(new) if code.sources else []
    return code._replace(
        instructions=tuple(instructions),
        sources=tuple(sources),
        references={at[index]: one for index, one in code.references.items()},
        relocations={},
    )
