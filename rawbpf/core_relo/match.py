"""Find the same path in another BTF blob by member names, or describe what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.sizes import size_of, strip
from rawbpf.core_relo.access import (
    ENUM_KINDS,
    STRUCTS,
    TYPE_KINDS,
    Path,
    Step,
    essential,
    is_flexible,
    name_of,
    text_of,
)
from rawbpf.core_relo.compatible import (
    fields_compatible,
    same_name,
    types_compatible,
    types_match,
)
from rawbpf.uapi.btf import bpf_core_relo_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.btf.btf import Btf
    from rawbpf.core_relo.candidates import Candidate

__all__ = [
    "NO_TYPE",
    "match_path",
    "what_is_missing",
]

_MOST_NAMELESS = 200
"""The maximum number of anonymous structs inside one struct; kernels use at most 23."""


def match_path(local: Path, kind: bpf_core_relo_kind, btf: Btf, root: int) -> Path | None:
    """Return the path from type ``root`` of ``btf`` that corresponds to ``local``.

    The result is None if ``btf`` lacks the path.
    """
    if kind in TYPE_KINDS:
        strict = kind is bpf_core_relo_kind.BPF_CORE_TYPE_MATCHES
        same = types_match if strict else types_compatible
        return Path(btf, root) if same(local.btf, local.root, btf, root) else None
    if kind in ENUM_KINDS:
        return _enumerator(local, btf, root)
    return _field(local, btf, root)


def _enumerator(local: Path, btf: Btf, root: int) -> Path | None:
    enum_id = strip(btf, root)
    enum = btf[enum_id]
    if isinstance(enum, t.Enum | t.Enum64):
        for index, value in enumerate(enum.values):
            if same_name(value.name, local.steps[0].name):
                return Path(btf, root, (Step(enum_id, index, value.name),))
    return None


def _field(local: Path, btf: Btf, root: int) -> Path | None:
    type_id, bits = root, 0
    steps: list[Step] = []
    for step in local.steps:
        type_id = strip(btf, type_id)
        if step.name:
            found = _member(local, step, btf, type_id)
            if found is None:
                return None
            steps.append(found.step)
            bits += found.bits
            type_id = found.type_id
            continue
        if steps:
            array = btf[type_id]
            if not isinstance(array, t.Array):
                return None
            if step.at >= array.length and not is_flexible(btf, steps[-1], array):
                return None
            type_id = strip(btf, array.type_id)
        steps.append(Step(type_id, step.at))
        bits += 8 * step.at * size_of(btf, type_id)
    return Path(btf, root, tuple(steps), bits)


class _Found(NamedTuple):
    """A struct member: its step in the path, its bit offset in the struct, and its type."""

    step: Step
    bits: int
    type_id: int


def _member(local: Path, step: Step, btf: Btf, type_id: int) -> _Found | None:
    """Find the member with the same name and a compatible type, including in anonymous structs."""
    holder = local.btf[step.type_id]
    if not isinstance(holder, STRUCTS):
        return None
    return _search(local.btf, holder.members[step.at], btf, type_id, [])


def _search(a: Btf, wanted: t.Member, btf: Btf, type_id: int, seen: list[int]) -> _Found | None:
    """Search a struct.

    ``seen`` lists the structs searched so far, because a struct in damaged BTF may contain itself.
    """
    type_id = strip(btf, type_id)
    holder = btf[type_id]
    if not isinstance(holder, STRUCTS) or type_id in seen or len(seen) > _MOST_NAMELESS:
        return None
    seen.append(type_id)
    for index, member in enumerate(holder.members):
        if not member.name:
            inner = _search(a, wanted, btf, member.type_id, seen)
            if inner is not None:
                return inner._replace(bits=inner.bits + member.bit_offset)
        elif member.name == wanted.name:
            if not fields_compatible(a, wanted.type_id, btf, member.type_id):
                return None
            return _Found(Step(type_id, index, member.name), member.bit_offset, member.type_id)
    return None


NO_TYPE = "this kernel has no "
"""The start of the message if the kernel image lacks the whole type.

The type may still be defined in a module."""


def what_is_missing(path: Path, kind: bpf_core_relo_kind, candidates: Sequence[Candidate]) -> str:
    """Describe the part of a path that is missing from all candidates.

    For example:

        struct task_struct::thread.fsindex     │ ... struct task_struct has no member thread.fsindex
        struct thing::list[7]                  │ ... struct thing::list has no element 7
        enum bpf_map_type::BPF_MAP_TYPE_ARENA  │ ... enum bpf_map_type has no enumerator ...
        struct bpf_arena                       │ this kernel has no struct bpf_arena
    """
    root = _flavourless(path.btf, path.root)
    if not candidates:
        return NO_TYPE + root
    where = f"this kernel's {root}"
    if kind in TYPE_KINDS:
        return f"{where} does not match the program's type"
    if kind in ENUM_KINDS:
        return f"{where} has no enumerator {essential(path.steps[-1].name)}"
    known = max(_known(path, kind, one) for one in candidates)
    failing = path.steps[known]
    if not failing.name:
        before = str(path._replace(steps=path.steps[:known])).removeprefix(str(_bare(path)))
        return f"{where}{before} has no element {failing.at}"
    member = _members(path, known)
    if any(_has(one, failing.name) for one in candidates):
        return f"{where} has a member {member}, but its type is incompatible"
    return f"{where} has no member {member}"


def _known(path: Path, kind: bpf_core_relo_kind, candidate: Candidate) -> int:
    """Return how many steps of the path exist in the candidate."""
    for count in range(len(path.steps) - 1, 0, -1):
        shorter = path._replace(steps=path.steps[:count])
        if match_path(shorter, kind, candidate.btf, candidate.type_id) is not None:
            return count
    return 0


def _members(path: Path, last: int) -> str:
    """Return a member's path without the root type, such as ``thread.fsindex``."""
    text = str(path._replace(steps=path.steps[: last + 1]))
    return text.removeprefix(str(_bare(path))).removeprefix("::")


def _bare(path: Path) -> Path:
    """Return only the start of a path, which consists of the type and an array index."""
    return path._replace(steps=path.steps[:1])


def _has(candidate: Candidate, name: str) -> bool:
    """Return whether the type itself has a member with the given name."""
    record = candidate.btf[candidate.type_id]
    return isinstance(record, STRUCTS) and any(one.name == name for one in record.members)


def _flavourless(btf: Btf, type_id: int) -> str:
    """Return a type's C name without the flavour, such as ``struct task_struct``."""
    record = btf[type_id]
    text, name = text_of(btf, type_id), name_of(record)
    return text.removesuffix(name) + essential(name) if not isinstance(record, t.Void) else text
