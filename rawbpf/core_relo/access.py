"""Follow the access string of a record through types, and build the names of types.

    struct task_struct *t; t->mm->owner        0:47:3
                                               │ │  └ member 3 of the type of mm
                                               │ └ member 47 of task_struct
                                               └ t[0]

The first number of an access string is an array index, because a pointer may point into an array.
Unnamed members (structs inside structs) are steps of the access string but not of the path, because
kernel versions differ in whether members are wrapped in such structs.

C cannot declare two versions of a struct with the same name. In type names, three underscores and
the text after them are therefore a *flavour*, which CO-RE ignores: ``struct task_struct___old``
means the kernel's task_struct.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.sizes import size_of, strip
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import bpf_core_relo_kind

if TYPE_CHECKING:
    from rawbpf.asm.instruction import CoreRelocation
    from rawbpf.btf.btf import Btf

__all__ = [
    "ENUMS",
    "ENUM_KINDS",
    "FIELD_KINDS",
    "STRUCTS",
    "TYPE_KINDS",
    "Path",
    "Step",
    "essential",
    "is_flexible",
    "name_of",
    "parse_path",
    "text_of",
]

_K = bpf_core_relo_kind
FIELD_KINDS = frozenset(kind for kind in _K if kind.name.startswith("BPF_CORE_FIELD"))
TYPE_KINDS = frozenset(kind for kind in _K if kind.name.startswith("BPF_CORE_TYPE"))
ENUM_KINDS = frozenset(kind for kind in _K if kind.name.startswith("BPF_CORE_ENUMVAL"))

_LONGEST = 64

ENUMS = (t.Enum, t.Enum64)
STRUCTS = (t.Struct, t.Union)

_KEYWORDS = {t.Struct: "struct ", t.Union: "union ", t.Enum: "enum ", t.Enum64: "enum "}


def essential(name: str) -> str:
    """Strip the flavour from a name.

    >>> essential("task_struct___v2"), essential("___x"), essential("a___"), essential("a____b")
    ('task_struct', '___x', 'a___', 'a____b')
    """
    # The flavour starts at the last run of exactly three underscores that has other characters on
    # both sides.
    end = len(name)
    while (at := name.rfind("___", 1, end)) > 0:
        if name[at - 1] != "_" and name[at + 3 : at + 4] not in ("", "_"):
            return name[:at]
        end = at + 2
    return name


def name_of(record: t.Type) -> str:
    """Return a type's own name, or "" if the type is anonymous."""
    return getattr(record, "name", "")


def text_of(btf: Btf, type_id: int) -> str:
    """Return a type's name as written in C, such as ``struct task_struct``.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> b = BtfBuilder()
    >>> text_of(Btf(b.encode()), 0)
    'void'
    """
    record = btf[type_id]
    if isinstance(record, t.Void):
        return "void"
    if isinstance(record, t.Fwd):
        return f"{'union' if record.is_union else 'struct'} {record.name}"
    return _KEYWORDS.get(type(record), "") + (name_of(record) or "(anonymous)")


class Step(NamedTuple):
    """A step of a path, which leads to member ``at`` of struct ``type_id``.

    A step without a name leads to element ``at`` of an array of that type.
    """

    type_id: int
    at: int
    name: str = ""


class Path(NamedTuple):
    """The location that a record refers to in one BTF; ``bit_offset`` counts from the root type.

    The path's text resembles C: ``struct thing::list[2].id`` or ``enum colour::RED``.
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
    """Resolve a record's path in the object's own types.

    Raises FormatError if the path is invalid.
    """
    try:
        indices = [int(word) for word in record.access.split(":") if word.isascii()]
        kind = bpf_core_relo_kind(record.kind)
    except ValueError:
        raise _bad(record, "invalid access string or kind") from None
    if not indices or len(indices) > _LONGEST or min(indices) < 0:
        raise _bad(record, "invalid access string")
    if kind in TYPE_KINDS:
        if indices != [0]:
            raise _bad(record, "a type-based relocation must have the access string 0")
        return Path(btf, record.type_id)
    if kind in ENUM_KINDS:
        return _enumerator(btf, record, indices)
    return _field(btf, record, indices)


def _enumerator(btf: Btf, record: CoreRelocation, indices: list[int]) -> Path:
    enum_id = strip(btf, record.type_id)
    enum = btf[enum_id]
    if not isinstance(enum, t.Enum | t.Enum64) or len(indices) != 1:
        raise _bad(record, "the access string does not select an enumerator")
    if indices[0] >= len(enum.values):
        raise _bad(record, f"the enum has {len(enum.values)} enumerators")
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
    """Return whether an array is a flexible array member (zero-length and last in its struct)."""
    if array.length or not step.name:
        return False
    holder = btf[step.type_id]
    return isinstance(holder, STRUCTS) and step.at == len(holder.members) - 1


def _bad(record: CoreRelocation, why: str) -> FormatError:
    what = f"CO-RE record {record.kind} of type {record.type_id}, access {record.access[:40]!r}"
    return FormatError(what, why=why)
