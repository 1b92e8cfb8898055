"""A record's access string, followed through types: which members, how many bits in.

    struct task_struct *t; t->mm->owner        0:47:3
                                               │ │  └ the member of what is there
                                               │ └ the member with index 47
                                               └ t[0]

The first number is an index, as of an array: pointers may point into one. Members without a name
(structs in structs) are steps too, but leave no trace in the path, since kernels wrap members in
such structs, and unwrap them, as they like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.sizes import size_of, strip
from rawbpf.core_relo.names import STRUCTS, text_of
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import bpf_core_relo_kind

if TYPE_CHECKING:
    from rawbpf.asm.instruction import CoreRelocation
    from rawbpf.btf.btf import Btf

__all__ = ["ENUM_KINDS", "FIELD_KINDS", "TYPE_KINDS", "Path", "Step", "is_flexible", "parse_path"]

_K = bpf_core_relo_kind
FIELD_KINDS = frozenset(kind for kind in _K if kind.name.startswith("BPF_CORE_FIELD"))
TYPE_KINDS = frozenset(kind for kind in _K if kind.name.startswith("BPF_CORE_TYPE"))
ENUM_KINDS = frozenset(kind for kind in _K if kind.name.startswith("BPF_CORE_ENUMVAL"))

_LONGEST = 64


class Step(NamedTuple):
    """Into member ``at`` of struct ``type_id``; without a name, to an element of that type."""

    type_id: int
    at: int
    name: str = ""


class Path(NamedTuple):
    """Where a record leads in one BTF. ``bit_offset``: from the beginning of the root type.

    As text it is ``struct thing::list[2].id``, or ``enum colour::RED``.
    """

    btf: Btf
    root: int
    steps: tuple[Step, ...] = ()
    bit_offset: int = 0

    def __str__(self) -> str:
        text = text_of(self.btf, self.root)
        separator = "::"
        for number, step in enumerate(self.steps):
            if step.name:
                text += separator + step.name
                separator = "."
            elif number or step.at:
                text += f"[{step.at}]"
        return text


def parse_path(btf: Btf, record: CoreRelocation) -> Path:
    """The path of a record in the object's own types. FormatError: it leads nowhere."""
    try:
        indices = [int(word) for word in record.access.split(":") if word.isascii()]
        kind = bpf_core_relo_kind(record.kind)
    except ValueError:
        raise _bad(record, "no such access, or no such kind") from None
    if not indices or len(indices) > _LONGEST or min(indices) < 0:
        raise _bad(record, "no such access")
    if kind in TYPE_KINDS:
        if indices != [0]:
            raise _bad(record, "a type has no members to be asked for")
        return Path(btf, record.type_id)
    if kind in ENUM_KINDS:
        return _enumerator(btf, record, indices)
    return _field(btf, record, indices)


def _enumerator(btf: Btf, record: CoreRelocation, indices: list[int]) -> Path:
    enum_id = strip(btf, record.type_id)
    enum = btf[enum_id]
    if not isinstance(enum, t.Enum | t.Enum64) or len(indices) != 1:
        raise _bad(record, "no enumerator")
    if indices[0] >= len(enum.values):
        raise _bad(record, f"there are {len(enum.values)} enumerators")
    step = Step(enum_id, indices[0], enum.values[indices[0]].name)
    return Path(btf, record.type_id, (step,))


def _field(btf: Btf, record: CoreRelocation, indices: list[int]) -> Path:
    type_id = strip(btf, record.type_id)
    steps = [Step(type_id, indices[0])]
    bits = 8 * indices[0] * size_of(btf, type_id)
    for index in indices[1:]:
        type_id = strip(btf, type_id)
        holder = btf[type_id]
        if isinstance(holder, STRUCTS):
            if index >= len(holder.members):
                raise _bad(record, f"{text_of(btf, type_id)} has {len(holder.members)} members")
            member = holder.members[index]
            bits += member.bit_offset
            if member.name:
                steps.append(Step(type_id, index, member.name))
            type_id = member.type_id
        elif isinstance(holder, t.Array):
            if index >= holder.length and not is_flexible(btf, steps[-1], holder):
                raise _bad(record, f"the array has {holder.length} elements")
            type_id = strip(btf, holder.type_id)
            steps.append(Step(type_id, index))
            bits += 8 * index * size_of(btf, type_id)
        else:
            raise _bad(record, f"{text_of(btf, type_id)} has no members")
    return Path(btf, record.type_id, tuple(steps), bits)


def is_flexible(btf: Btf, step: Step, array: t.Array) -> bool:
    """Whether an array of no elements is the last member of its struct: it goes on behind it."""
    if array.length or not step.name:
        return False
    holder = btf[step.type_id]
    return isinstance(holder, STRUCTS) and step.at == len(holder.members) - 1


def _bad(record: CoreRelocation, why: str) -> FormatError:
    what = f"CO-RE record {record.kind} of type {record.type_id}, access {record.access[:40]!r}"
    return FormatError(what, why=why)
