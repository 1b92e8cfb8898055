"""What the verifier found out about a program, as JSON; two kernels are compared by it, too."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

from rawbpf.output.explanation import explanation_object
from rawbpf.verifier.log import Log
from rawbpf.verifier.visits import read_visits

if TYPE_CHECKING:
    from rawbpf.asm.instruction import Source
    from rawbpf.collection.load import Judged
    from rawbpf.verifier.visits import Visited, Visits

__all__ = ["json_line"]


def json_line(judged: Judged) -> str:
    """One program, on one line."""
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
