"""Verify: what the kernel says to each program of an object, which is then not kept.

Everything but the programs is as in `load`: types, maps and constants must be there, for the
verifier looks at them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.programs.refusal import explanation_of, too_large
from rawbpf.programs.request import BPF_LOG_LEVEL2, BPF_LOG_STATS
from rawbpf.programs.verdict import verify

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.programs.request import Request
    from rawbpf.programs.verdict import Verdict
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.verifier.explain import Explanation

__all__ = ["Judged", "judge"]


class Judged(NamedTuple):
    """``verdict`` has the log of all paths; ``explanation`` is there for what was refused."""

    spec: ProgramSpec
    verdict: Verdict
    explanation: Explanation | None


def judge(requests: Iterable[Request]) -> Iterator[Judged]:
    """Each program's verdict, in order; a refusal does not keep the next from being asked."""
    for request in requests:
        verdict = verify(request, BPF_LOG_STATS)
        if not too_large(verdict):
            verdict = verify(request, BPF_LOG_LEVEL2 | BPF_LOG_STATS)
        explanation = None if verdict.accepted else explanation_of(request, verdict.errno)
        yield Judged(request.spec, verdict, explanation)
