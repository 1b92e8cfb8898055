"""A refused load as an error that says why: the log, explained, and the repair tried.

The verifier's log of level 1 is the path that failed. Before 5.17 it has hardly any states; then
the one of level 2 explains more, unless it is so long that fetching it would take long.

A program that was too large to be walked through (E2BIG) has a log of 50 MB, all of it one loop,
and from 6.4 writing it takes the kernel minutes, for the buffer is turned over a thousand times.
Then the complaint will do, which comes with the statistics.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import BytecodeError, KernelError, VerifierError
from rawbpf.programs.request import BPF_LOG_LEVEL2, BPF_LOG_STATS
from rawbpf.programs.verdict import Verdict, verify
from rawbpf.refusals.explain import explained_error
from rawbpf.syscall.bpf import prog_load
from rawbpf.verifier.explain import Explanation, Trial, explain
from rawbpf.verifier.log import Log
from rawbpf.verifier.patch import Patch

if TYPE_CHECKING:
    from rawbpf.programs.request import Request

__all__ = ["explained", "explanation_of", "too_large"]

_LEVEL_2_LARGEST = 1 << 20
_TOO_LARGE = "too large. Processed"


def explained(request: Request, refusal: KernelError) -> KernelError:
    """What to raise: a VerifierError, or, where no verifier began, why not."""
    spec = request.spec
    number = refusal.errno or 0
    verdict, explanation = _from_log(request, number)
    if explanation is None:
        error = explained_error(f"cannot load program {spec.name!r}", refusal)
        if not verdict.log or (error.explanation and error.explanation.code):
            return error
        explanation = explain(verdict.log, spec)
    what = f"the verifier refused program {spec.name!r}"
    return VerifierError(what, errno=number, log=verdict.log, explanation=explanation)


def explanation_of(request: Request, number: int) -> Explanation | None:
    """Why a program was refused, with an errno."""
    _, found = _from_log(request, number)
    if found is not None:
        return found
    try:
        prog_load(request.attr(), request.spec.name).close()
    except KernelError as refusal:
        return explained(request, refusal).explanation
    return None  # it is accepted by now


def _from_log(request: Request, number: int) -> tuple[Verdict, Explanation | None]:
    """The verdict on a program that was refused with an errno, and why, if the log says."""
    verdict = _verdict(request, number)
    if verdict.accepted or not Log(verdict.log).complaint:
        return verdict, None
    log, path = verdict.log, Log(verdict.log).path
    if path and not path.tells_states:
        fuller = verify(request, BPF_LOG_LEVEL2, _LEVEL_2_LARGEST).log
        log = fuller if Log(fuller).complaint == Log(log).complaint else log
    return verdict, _tried(request, explain(log, request.spec))


def _verdict(request: Request, number: int) -> Verdict:
    if number == errno.E2BIG:
        short = verify(request, BPF_LOG_STATS)
        if too_large(short):
            return short
    return verify(request)


def too_large(verdict: Verdict) -> bool:
    """Whether the verifier gave up after a million instructions: better ask for no long log."""
    return verdict.errno == errno.E2BIG and _TOO_LARGE in verdict.log


def _tried(request: Request, found: Explanation) -> Explanation:
    """The explanation, with the kernel's word on its patch."""
    patch, spec = found.patch, request.spec
    if not isinstance(patch, Patch):
        return found
    try:
        code = patch.apply(spec.code)
    except BytecodeError:
        return found._replace(patch=None)  # the log is not of this program's instructions
    repaired = spec._replace(code=code, license=patch.license or spec.license)
    verdict = verify(request._replace(spec=repaired))
    cause = "" if verdict.accepted else explain(verdict.log, repaired).sentence
    return found._replace(trial=Trial(cause))
