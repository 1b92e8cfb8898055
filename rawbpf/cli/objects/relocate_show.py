"""What became of an object's CO-RE records, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.errors import UnsupportedError
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.asm.instruction import Instruction
    from rawbpf.core_relo import Result, Targets
    from rawbpf.specs.object_spec import ObjectSpec
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.uapi.btf import bpf_core_relo_kind

__all__ = ["Report", "json_lines", "text_lines"]

_ASKS = {
    "FIELD_BYTE_OFFSET": "offset",
    "FIELD_BYTE_SIZE": "size",
    "FIELD_EXISTS": "exists",
    "FIELD_SIGNED": "signed",
    "FIELD_LSHIFT_U64": "left shift",
    "FIELD_RSHIFT_U64": "right shift",
    "TYPE_ID_LOCAL": "id here",
    "TYPE_ID_TARGET": "id there",
    "TYPE_EXISTS": "exists",
    "TYPE_SIZE": "size",
    "ENUMVAL_EXISTS": "exists",
    "ENUMVAL_VALUE": "value",
    "TYPE_MATCHES": "matches",
}


class Report:
    """What became of one program."""

    def __init__(self, spec: ObjectSpec, program: ProgramSpec, targets: Targets) -> None:
        from rawbpf.core_relo import relocate

        self.program = program
        self.results: tuple[Result, ...] = ()
        self.error: UnsupportedError | None = None
        if not program.code.relocations or spec.btf is None:
            return
        try:
            self.results = relocate(program.code, spec.btf, targets).results
        except UnsupportedError as error:  # ambiguous: other programs may fare better
            self.error = error


def text_lines(reports: Iterable[Report]) -> Iterator[str]:
    """For people: a table for each program, and below it what is not there."""
    for number, report in enumerate(reports):
        if number:
            yield ""
        yield from _program(report)


def _program(report: Report) -> Iterator[str]:
    from rawbpf.output.text import table

    results, program = report.results, report.program
    poisoned = sum(one.target is None for one in results)
    said = f"{len(results)} relocation" + "s" * (len(results) != 1)
    said += f", {poisoned} without an answer" if poisoned else ""
    title = f"program {program.name}, section {program.section}"
    yield printable(f"{title}: {report.error or said}")
    if not results:
        return
    heads = ["SLOT", "ASKS", "OF", "HERE", "THERE", "INSTRUCTION", "BECOMES"]
    rows = [
        [one.slot, _asks(one.kind), one.access, one.local, one.target, *_change(one)]
        for one in results
    ]
    yield from table(heads, rows, right={"SLOT", "HERE", "THERE"})
    for one in results:
        if one.missing:
            yield printable(f"slot {one.slot}: {one.missing}")


def _asks(kind: bpf_core_relo_kind) -> str:
    return _ASKS[kind.name.removeprefix("BPF_CORE_")]


def _change(result: Result) -> list[str]:
    """The instruction before and after."""
    before = _instruction(result.before)
    if result.target is None:
        return [before, "(poisoned)"]
    return [before, "(the same)" if result.after == result.before else _instruction(result.after)]


def _instruction(instruction: Instruction) -> str:
    from rawbpf.asm.format import format_instruction

    return format_instruction(instruction)


def json_lines(reports: Iterable[Report]) -> Iterator[str]:
    """For programs: an object a line."""
    from json import dumps

    for report in reports:
        program = report.program
        rows = [_record(one) for one in report.results]
        error = report.error and str(report.error)
        yield dumps(
            {
                "program": program.name,
                "section": program.section,
                "relocations": rows,
                "error": error,
            }
        )


def _record(result: Result) -> dict[str, Any]:
    return {
        "slot": result.slot,
        "kind": result.kind.name,
        "access": result.access,
        "local": result.local,
        "target": result.target,
        "candidate": result.candidate or None,
        "missing": result.missing or None,
        "before": {"bytes": result.before.encode().hex(), "text": _instruction(result.before)},
        "after": {"bytes": result.after.encode().hex(), "text": _instruction(result.after)},
        "source": None if result.source is None else result.source._asdict(),
    }
