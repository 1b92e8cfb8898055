"""The same path in another BTF: members are found by name, wherever they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.sizes import size_of, strip
from rawbpf.core_relo.access import ENUM_KINDS, TYPE_KINDS, Path, Step, is_flexible
from rawbpf.core_relo.compatible import (
    fields_compatible,
    same_name,
    types_compatible,
    types_match,
)
from rawbpf.core_relo.names import STRUCTS
from rawbpf.uapi.btf import bpf_core_relo_kind

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf

__all__ = ["match_path"]

_MOST_NAMELESS = 200
"""Structs without a name in one struct; the most that a kernel has is 23."""


def match_path(local: Path, kind: bpf_core_relo_kind, btf: Btf, root: int) -> Path | None:
    """The path from type ``root`` of ``btf`` that means what ``local`` does; None if none."""
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
    """A member: the step into it, its bits from the struct's beginning, its type."""

    step: Step
    bits: int
    type_id: int


def _member(local: Path, step: Step, btf: Btf, type_id: int) -> _Found | None:
    """The member of the same name and a compatible type, in nameless structs as well."""
    holder = local.btf[step.type_id]
    if not isinstance(holder, STRUCTS):
        return None
    return _search(local.btf, holder.members[step.at], btf, type_id, [])


def _search(a: Btf, wanted: t.Member, btf: Btf, type_id: int, seen: list[int]) -> _Found | None:
    """``seen``: structs that were looked through in vain. Damaged ones contain themselves."""
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
