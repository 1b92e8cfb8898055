"""What the verifier found out about a program, as JSON; two kernels are compared by it, too."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

from rawbpf.verifier.log import Log
from rawbpf.verifier.show import as_object
from rawbpf.verifier.trail import read_trail

if TYPE_CHECKING:
    from rawbpf.collection.verify import Judged
    from rawbpf.verifier.trail import Seen, Trail

__all__ = ["json_line"]


def json_line(judged: Judged) -> str:
    """One program, on one line."""
    log = Log(judged.verdict.log)
    trail = read_trail(log.lines)
    explanation = judged.explanation
    return dumps(
        {
            "program": judged.spec.name,
            "type": judged.spec.prog_type.name.removeprefix("BPF_PROG_TYPE_").lower(),
            "accepted": judged.verdict.accepted,
            "errno": judged.verdict.errno,
            "explanation": as_object(explanation) if explanation is not None else None,
            "statistics": {**log.statistics, "stack": list(log.stack_depths)},
            "path": [step.slot for step in log.path][::-1],
            "instructions": [
                _instruction(judged, trail.seen[slot], trail) for slot in sorted(trail.seen)
            ],
        }
    )


def _instruction(judged: Judged, seen: Seen, trail: Trail) -> dict[str, Any]:
    source = judged.source_at(seen.slot)
    return {
        "slot": seen.slot,
        "insn": seen.text,
        "source": source and {"file": source.file, "line": source.line},
        "visits": seen.count,
        "states": [
            {"frame": one.before.frame, "before": one.before.places, "after": one.after}
            for one in seen.visits
        ],
        "to": {str(end): n for (start, end), n in trail.edges.items() if start == seen.slot},
        "pruned": sum(n for (_, end), n in trail.pruned.items() if end == seen.slot),
    }
