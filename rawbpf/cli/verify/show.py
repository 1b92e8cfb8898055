"""Format the verifier's results as lines of text and as JSON.

The text looks as follows:

    count: accepted as a socket_filter
    count.bpf.s
    9  call map_lookup_elem
    5: call bpf_map_lookup_elem#1        -> r0=map_value_or_null(map=hits,vs=8)
    10  if r0 == 0 goto none
    6: if r0 == 0 goto L1                r0=map_value_or_null(...) -> ...  [to 7 1x, 8 1x]
"""

from __future__ import annotations

import re
from json import dumps
from typing import TYPE_CHECKING, Any

from rawbpf.asm.disassembler import disassemble
from rawbpf.asm.format import C
from rawbpf.asm.instruction import slots_of
from rawbpf.errors import UsageError, errno_words
from rawbpf.output.explanation import explanation_lines, explanation_object
from rawbpf.output.text import printable
from rawbpf.verifier.log import Log
from rawbpf.verifier.visits import read_visits
from rawbpf.verifier.words import brief

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Source
    from rawbpf.collection.load import Verification
    from rawbpf.verifier.visits import Visit, Visited, Visits

__all__ = ["json_line", "listing", "path", "state"]

_INSN = 40
_STYLE = C._replace(helpers=True)
_NAMED = re.compile(r"\b[rw](10|[0-9])\b")


def _head(judged: Verification) -> Iterator[str]:
    kind = judged.spec.prog_type.name.removeprefix("BPF_PROG_TYPE_").lower()
    verdict = "accepted" if judged.verdict.accepted else "rejected"
    yield f"{printable(judged.spec.name)}: {verdict} as {kind}"


def _foot(judged: Verification, log: Log, visits: Visits) -> Iterator[str]:
    yield from _counted(log, visits)
    if not judged.verdict.accepted and judged.explanation is None:
        number = judged.verdict.errno
        yield f"  the kernel returned {errno_words(number)} without a message"
    if judged.explanation is not None:
        yield ""
        yield f"  {judged.explanation.headline}"
        yield from explanation_lines(judged.explanation)


def _counted(log: Log, visits: Visits) -> Iterator[str]:
    """Yield the statistics that this kernel reports."""
    found = log.statistics
    parts = []
    if "insns" in found:
        parts.append(f"{found['insns']} instructions processed (limit {found.get('limit', 0)})")
    if "total_states" in found:
        parts.append(f"{found['total_states']} states kept (peak {found.get('peak_states', 0)})")
    if visits.pruned:
        parts.append(f"paths pruned: {sum(visits.pruned.values())}")
    if log.stack_depths:
        parts.append(f"stack {' + '.join(map(str, log.stack_depths))} bytes")
    if "time_us" in found:
        parts.append(f"{found['time_us'] / 1000:.1f} ms")
    yield ""
    if parts:
        yield "  " + "; ".join(parts)


def listing(judged: Verification) -> Iterator[str]:
    """Yield all instructions below their source lines, with the states of their first visits."""
    log = Log(judged.verdict.log)
    visits = read_visits(log.lines)
    yield from _head(judged)
    code, last = judged.spec.code, None
    sources = code.sources_by_slot()
    functions = {one.slot: one.name for one in code.functions}
    for row in disassemble(code.instructions, _STYLE, functions, _symbols(code)):
        if row.slot in functions and row.slot:
            yield f"{printable(functions[row.slot])}:"
        source = sources.get(row.slot)
        if source is not None and (last is None or source[:2] != last[:2]):
            yield from _source(source, last)
            last = source
        seen = visits.seen.get(row.slot)
        yield _row(row.slot, row.text, seen, visits)
    yield from _foot(judged, log, visits)


def _symbols(code: Bytecode) -> dict[int, str]:
    """Map each slot to the symbol that its instruction refers to."""
    slots = slots_of(code.instructions)
    return {slots[index]: one.name for index, one in code.references.items()}


def _source(source: Source, last: Source | None) -> Iterator[str]:
    if last is None or source.file != last.file:
        yield printable(source.file)
    yield f"{source.line:5}  {printable(source.read())}"


def _row(slot: int, text: str, seen: Visited | None, visits: Visits) -> str:
    left = f"    {slot:4}: {text}"
    if seen is None:
        return f"{left:<{_INSN}}  [never reached]"
    return f"{left:<{_INSN}}  {_change(seen, seen.visits[0])}{_notes(seen, visits)}".rstrip()


def _change(seen: Visited, visit: Visit) -> str:
    """Format the values that an instruction read, an arrow, and the values that changed."""
    before = visit.before.places
    read = [f"r{number}" for number in dict.fromkeys(_NAMED.findall(seen.text))]
    given = " ".join(f"{one}={brief(before[one])}" for one in read if one in before)
    changed = " ".join(f"{one}={brief(value)}" for one, value in visit.after.items())
    return f"{given} -> {changed}" if changed else given


def _notes(seen: Visited, visits: Visits) -> str:
    """Format visits, jumps and pruned paths in brackets."""
    notes = []
    if seen.count > 1:
        notes.append(f"visited {seen.count}x")
    ways = visits.ways.get(seen.slot, {})
    if ways:
        notes.append("to " + ", ".join(f"{end} {count}x" for end, count in sorted(ways.items())))
    rounds = sum(count for end, count in ways.items() if end <= seen.slot)
    if rounds:
        notes.append(f"back {rounds}x")
    if pruned := visits.pruned_before[seen.slot]:
        notes.append(f"pruned {pruned}x")
    return f"  [{'; '.join(notes)}]" if notes else ""


def state(judged: Verification, slot: int) -> Iterator[str]:
    """Yield all states before and after one instruction."""
    log = Log(judged.verdict.log)
    visits = read_visits(log.lines)
    code: Bytecode = judged.spec.code
    if slot >= code.slots:
        raise UsageError(f"no instruction {slot}", why=f"the last instruction is {code.slots - 1}")
    yield from _head(judged)
    seen = visits.seen.get(slot)
    source = code.source_at(slot)
    if source is not None:
        yield f"{source}  {printable(source.read())}"
    if seen is None:
        yield f"instruction {slot} was never reached"
        return
    yield f"{slot}: {seen.text}{_notes(seen, visits)}"
    for number, visit in enumerate(seen.visits, 1):
        yield ""
        frame = f" in frame {visit.before.frame}" if visit.before.frame else ""
        yield f"visit {number}{frame}, before:"
        yield from _places(visit.before.places)
        if visit.after:
            yield "after:"
            yield from _places(visit.after)
    if seen.count > len(seen.visits):
        yield f"... and {seen.count - len(seen.visits)} more visits"


def _places(places: Mapping[str, str]) -> Iterator[str]:
    """Yield one register or stack slot per line, both abbreviated and as it appears in the log."""
    for place in sorted(places, key=_order):
        value, short = places[place], brief(places[place])
        full = "" if value == short else f"   {value}"
        yield f"  {place:<7} {short:<28}{full}".rstrip()


def _order(place: str) -> tuple[int, int]:
    digits = int(place.removeprefix("r").removeprefix("fp"))
    return (0, digits) if place[0] == "r" else (1, -digits)


def path(judged: Verification) -> Iterator[str]:
    """Yield the path from the first instruction to the last verified instruction."""
    log = Log(judged.verdict.log)
    yield from _head(judged)
    last, sources = None, judged.spec.code.sources_by_slot()
    for step in reversed(list(log.path)):
        source = sources.get(step.slot)
        if source is not None and (last is None or source[:2] != last[:2]):
            yield from _source(source, last)
            last = source
        states = [one for one in step.states if one.registers or one.stack]
        known = ""
        if states:
            newest = states[-1]
            registers = (f"r{n}={brief(v.text)}" for n, v in newest.registers.items() if n != 10)
            slots = (f"fp{off}={brief(one.text)}" for off, one in newest.stack.items())
            known = " ".join((*registers, *slots))
        left = f"    {step.slot:4}: {step.text}"
        yield f"{left:<{_INSN}}  {known}".rstrip()
    yield from _foot(judged, log, read_visits(log.lines))


def json_line(judged: Verification) -> str:
    """Format one program's result as a line of JSON."""
    log = Log(judged.verdict.log)
    visits = read_visits(log.lines)
    explanation = judged.explanation
    sources = judged.spec.code.sources_by_slot()
    return dumps(
        {
            "program": judged.spec.name,
            "type": judged.spec.prog_type.name.removeprefix("BPF_PROG_TYPE_").lower(),
            "accepted": judged.verdict.accepted,
            "errno": judged.verdict.errno,
            "explanation": explanation_object(explanation) if explanation is not None else None,
            "statistics": {**log.statistics, "stack": list(log.stack_depths)},
            "path": [step.slot for step in log.path][::-1],
            "instructions": [
                _instruction(seen, visits, sources.get(slot))
                for slot, seen in sorted(visits.seen.items())
            ],
        }
    )


def _instruction(seen: Visited, visits: Visits, source: Source | None) -> dict[str, Any]:
    return {
        "slot": seen.slot,
        "insn": seen.text,
        "source": source and {"file": source.file, "line": source.line},
        "visits": seen.count,
        "states": [
            {"frame": one.before.frame, "before": one.before.places, "after": one.after}
            for one in seen.visits
        ],
        "to": {str(end): n for end, n in visits.ways.get(seen.slot, {}).items()},
        "pruned": visits.pruned_before[seen.slot],
    }
