"""A refusal by the verifier that a failed relocation explains.

Where a field is missing on this kernel, its instruction was replaced by one that no verifier takes.
Mostly that is fine: the program asks first, and the verifier never comes there. If it does, its
log speaks of an unknown helper; what was meant is which field of which type this kernel lacks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.errors import UnsupportedError, VerifierError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.core_relo import Result
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["explain"]

_CALL = re.compile(r"^(\d+): \(85\) call unknown", re.MULTILINE)
_UNKNOWN = re.compile(r"invalid func unknown#(-?\d+)")


def explain(
    refusal: VerifierError, spec: ProgramSpec, results: Sequence[Result]
) -> VerifierError | UnsupportedError:
    """What to raise instead of the bare refusal."""
    calls = [int(number) for number in _CALL.findall(refusal.log)]
    if not calls or not _UNKNOWN.search(refusal.log):
        return refusal
    missing = {one.slot: one for one in results if one.target is None}.get(calls[-1])
    if missing is None:
        return refusal
    where = f" ({missing.source})" if missing.source else ""
    return UnsupportedError(
        f"program {spec.name!r} needs {missing.access}{where}",
        why=missing.missing or "this kernel does not have it",
        details=refusal.log,
    )
