"""Explain why BPF_PROG_LOAD failed: fetch the log, find the violated rule, and test the patch.

- A log of level 1 shows the path that failed. Before 5.17 it contains hardly any states, so the log
  of level 2 explains more, unless it is too long to fetch quickly.
- A program that exceeds the verifier's limit (E2BIG) produces a log of 50 MB from a single loop,
  and from 6.4 writing it takes the kernel minutes, because it wraps the buffer a thousand times.
  For such a program, the message is enough, and the kernel writes the message together with the
  statistics.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from rawbpf.asm.since import newer_than
from rawbpf.errors import BytecodeError, KernelError, UnsupportedError, VerifierError
from rawbpf.explanation import Trial
from rawbpf.kernel.version import kernel_version
from rawbpf.programs.request import BPF_LOG_LEVEL2, BPF_LOG_STATS, verify
from rawbpf.refusals.explain import explained_error
from rawbpf.syscall.bpf import prog_load
from rawbpf.verifier.explainer import diagnose, explain
from rawbpf.verifier.log import Log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.explanation import Explanation
    from rawbpf.programs.request import Gap, Request, Verdict
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.verifier.explainer import Diagnosis

__all__ = ["load_error", "rejection", "too_large"]

_LEVEL_2_LARGEST = 1 << 20
_TOO_LARGE = "too large. Processed"
_CALL = re.compile(r"^(\d{1,9}): \(85\) call unknown", re.MULTILINE)
_UNKNOWN = re.compile(r"invalid func unknown#(-?\d{1,11})\b")


def load_error(request: Request, error: KernelError) -> KernelError | UnsupportedError:
    """Return the error to raise for a failed load, with an explanation.

    The error is a VerifierError if the verifier rejected the program, an UnsupportedError if the
    rejected instruction replaces a feature that this kernel lacks, and a KernelError otherwise.
    """
    spec, number = request.spec, error.errno or 0
    verdict, explanation = _from_log(request, number)
    if explanation is None:
        failed = explained_error(f"cannot load program {spec.name!r}", error)
        if not verdict.log or (failed.explanation and failed.explanation.code):
            return failed
        explanation = explain(verdict.log, spec)
    gap = _reached(verdict.log, request.gaps)
    if gap is not None:
        return UnsupportedError(
            f"program {spec.name!r} {gap.what}",
            why=gap.why,
            fix=gap.fix,
            details=verdict.log,
            explanation=explanation,
        )
    return VerifierError(
        f"the verifier rejected program {spec.name!r}",
        errno=number,
        log=verdict.log,
        explanation=explanation,
        fix=_newer_kernel(spec),
    )


def rejection(request: Request, number: int) -> Explanation | None:
    """Explain why a load fails with errno ``number``, or return None if it succeeds now."""
    _, found = _from_log(request, number)
    if found is not None:
        return found
    try:
        prog_load(request.attr(), request.spec.name).close()
    except KernelError as error:
        return load_error(request, error).explanation
    return None


def _from_log(request: Request, number: int) -> tuple[Verdict, Explanation | None]:
    """Return the verdict, and an explanation if the verifier's log contains a message."""
    verdict = _verdict(request, number)
    if verdict.accepted or not Log(verdict.log).message:
        return verdict, None
    log, path = verdict.log, Log(verdict.log).path
    if path and not path.tells_states:
        fuller = verify(request, BPF_LOG_LEVEL2, _LEVEL_2_LARGEST).log
        log = fuller if Log(fuller).message == Log(log).message else log
    return verdict, _with_trial(request, diagnose(log, request.spec))


def _verdict(request: Request, number: int) -> Verdict:
    if number == errno.E2BIG:
        short = verify(request, BPF_LOG_STATS)
        if too_large(short):
            return short
    return verify(request)


def too_large(verdict: Verdict) -> bool:
    """Return whether the verifier gave up after a million instructions, with a huge log."""
    return verdict.errno == errno.E2BIG and _TOO_LARGE in verdict.log


def _with_trial(request: Request, found: Diagnosis) -> Explanation:
    """Return the explanation, after testing whether the kernel accepts the patched program."""
    patch, spec = found.patch, request.spec
    if patch is None:
        return found.explanation()
    try:
        code = patch.apply(spec.code)
    except BytecodeError:  # the log is not about the instructions of this program
        return found._replace(patch=None).explanation()
    patched = spec._replace(code=code, license=patch.license or spec.license)
    verdict = verify(request._replace(spec=patched))
    reason = "" if verdict.accepted else explain(verdict.log, patched).sentence
    return found.explanation(Trial(verdict.accepted, reason))


def _reached(log: str, gaps: Iterable[Gap]) -> Gap | None:
    """Return the gap whose instruction the verifier has reached and rejected."""
    unknown = _UNKNOWN.search(log)
    if unknown is None:
        return None
    helper, calls = int(unknown[1]), _CALL.findall(log)
    slot = int(calls[-1]) if calls else -1
    return next((one for one in gaps if helper == one.helper or slot == one.slot), None)


def _newer_kernel(spec: ProgramSpec) -> str | None:
    """Name an instruction or helper of the program that only later kernels support, if any.

    An instruction or helper that the kernel does not know is the most likely reason for a
    rejection, even if the message is about something else.
    """
    version = kernel_version()
    needs = newer_than(spec.code.instructions, version)
    return f"{needs[0]}, but this kernel is {version}" if needs else None
