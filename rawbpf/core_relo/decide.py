"""Process one record: find its path in the kernel's types and compute the result.

A candidate that lacks the path is excluded for all later records for the same type. The remaining
candidates must lead to the same result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.core_relo.access import name_of, parse_path, text_of
from rawbpf.core_relo.compute import Decision, absent_value, value_of
from rawbpf.core_relo.match import match_path, what_is_missing
from rawbpf.errors import UnsupportedError
from rawbpf.uapi.btf import bpf_core_relo_kind

if TYPE_CHECKING:
    from rawbpf.asm.instruction import CoreRelocation
    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.access import Path
    from rawbpf.core_relo.candidates import Candidate, Targets
    from rawbpf.core_relo.compute import Value

__all__ = ["decide"]

_LOCAL_ID = bpf_core_relo_kind.BPF_CORE_TYPE_ID_LOCAL


def decide(local: Btf, record: CoreRelocation, targets: Targets) -> Decision:
    """Return the result of a record for one kernel.

    An object's programs repeat the same records, so results are cached; a result can change only
    when a candidate is excluded. Raises FormatError if the record is damaged, and UnsupportedError
    if several kernel types lead to different results.
    """
    known = targets.decided.get((record, targets.left(record.type_id)))
    if known is None:
        known = _decide_anew(local, record, targets)
        targets.decided[record, targets.left(record.type_id)] = known
    return known


def _decide_anew(local: Btf, record: CoreRelocation, targets: Targets) -> Decision:
    path = parse_path(local, record)
    kind = bpf_core_relo_kind(record.kind)
    here = value_of(path, kind)
    if kind is _LOCAL_ID:
        return Decision(str(path), kind, here, here, path)
    root = local[record.type_id]
    if not name_of(root):
        raise UnsupportedError(f"{path} cannot be looked up", why="the type is anonymous")
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
    each = ", ".join(f"{value.number} in {_name(one)}" for one, value in answers[:8])
    return UnsupportedError(
        f"{path} is ambiguous on this kernel",
        why=each,
        fix=(
            "use a flavour of the type (NAME___FLAVOUR) that declares members of only one candidate"
        ),
    )


def _name(candidate: Candidate) -> str:
    name = f"[{candidate.type_id}] {text_of(candidate.btf, candidate.type_id)}"
    return f"{name} of module {candidate.module}" if candidate.module else name
