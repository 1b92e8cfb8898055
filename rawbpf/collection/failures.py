"""A refusal by the verifier that a failed relocation explains, or the kernel's age.

Where a field is missing on this kernel, its instruction was replaced by one that no verifier takes.
Mostly that is fine: the program asks first, and the verifier never comes there. If it does, its
log speaks of an unknown helper; what was meant is which field of which type this kernel lacks. So
it is with a weak function of the kernel that is not there, and called without being asked for.

And where a program uses what came with a later kernel, that is most likely why this one refuses it,
whatever it complains of.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.asm.since import newer_than
from rawbpf.collection.ksyms import ABSENT_CALL
from rawbpf.core_relo.missing import NO_TYPE
from rawbpf.errors import UnsupportedError, VerifierError
from rawbpf.kernel.version import kernel_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.core_relo import Result
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["explain"]

_FROM_A_MODULE = "if a module has it that is not loaded, load that: modprobe MODULE"
_CALL = re.compile(r"^(\d+): \(85\) call unknown", re.MULTILINE)
_UNKNOWN = re.compile(r"invalid func unknown#(-?\d+)")


def explain(
    refusal: VerifierError,
    spec: ProgramSpec,
    results: Sequence[Result],
    externs: Sequence[str] = (),
) -> VerifierError | UnsupportedError:
    """What to raise instead of the bare refusal. ``externs``: of the object, in order."""
    lacking = _lacking(refusal.log, spec, results, externs)
    if lacking is None:
        return _too_young(refusal, spec)
    lacking.explanation = refusal.explanation
    return lacking


def _lacking(
    log: str, spec: ProgramSpec, results: Sequence[Result], externs: Sequence[str]
) -> UnsupportedError | None:
    """What of the kernel's the program wanted, and this one does not have."""
    absent = _absent(log, externs)
    if absent is not None:
        return UnsupportedError(
            f"program {spec.name!r} calls {absent}",
            why="this kernel has no such function",
            fix=f"let it ask first: if ({absent})",
            details=log,
        )
    missing = _missing(log, results)
    if missing is None:
        return None
    where = f" ({missing.source})" if missing.source else ""
    return UnsupportedError(
        f"program {spec.name!r} needs {missing.access}{where}",
        why=missing.missing or "this kernel does not have it",
        fix=_FROM_A_MODULE if missing.missing.startswith(NO_TYPE) else None,
        details=log,
    )


def _absent(log: str, externs: Sequence[str]) -> str | None:
    """The weak function whose call the verifier came to."""
    found = _UNKNOWN.search(log)
    number = int(found[1]) - ABSENT_CALL if found else -1
    return externs[number] if 0 <= number < len(externs) else None


def _missing(log: str, results: Sequence[Result]) -> Result | None:
    """The failed relocation whose instruction the verifier came to."""
    calls = [int(number) for number in _CALL.findall(log)]
    if not calls or not _UNKNOWN.search(log):
        return None
    return {one.slot: one for one in results if one.target is None}.get(calls[-1])


def _too_young(refusal: VerifierError, spec: ProgramSpec) -> VerifierError:
    """The refusal, with what the program uses that is younger than this kernel."""
    version = kernel_version()
    needs = newer_than(spec.code.instructions, version)
    if needs and refusal.fix is None:
        refusal.fix = f"{needs[0]}, and this is {version}"
    return refusal
