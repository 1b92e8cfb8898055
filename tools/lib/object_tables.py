"""The tables of docs/reference/sections.md and btf.md, from those that objects are read by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_table import table

from rawbpf.btf import types as t
from rawbpf.btf.describe import kind_name
from rawbpf.btf.sanitize import FEATURES
from rawbpf.specs.section_names import SECTION_KINDS
from rawbpf.uapi.btf import KINDS

if TYPE_CHECKING:
    from rawbpf.btf.sanitize import Feature

_IS = {
    "INT": "an integer, with its sign; also `char` and `_Bool`",
    "PTR": "a pointer",
    "ARRAY": "so many of a type",
    "STRUCT": "a struct; with kind_flag (5.0), members may be bitfields",
    "UNION": "a union; likewise",
    "ENUM": "an enum of 32 bits or less; kind_flag (6.0): its values have a sign",
    "FWD": "a struct, or with kind_flag a union, that is declared only",
    "TYPEDEF": "another name",
    "VOLATILE": "a qualifier",
    "CONST": "a qualifier",
    "RESTRICT": "a qualifier",
    "FUNC": "a function: static, global (5.6) or extern",
    "FUNC_PROTO": "what a function takes and returns",
    "VAR": "a variable",
    "DATASEC": "a section and the variables in it",
    "FLOAT": "a floating-point number",
    "DECL_TAG": "a remark on a type, a member or a parameter; kind_flag "
    f"({FEATURES['decl_attribute'].since}): an attribute",
    "TYPE_TAG": "a remark on what a pointer points to; kind_flag "
    f"({FEATURES['type_attribute'].since}): an attribute",
    "ENUM64": "an enum of 64 bits",
}


def sections() -> str:
    """A row for each kind of section."""
    rows = [
        [
            f"`{kind.prefix}`",
            kind.prog_type.name.removeprefix("BPF_PROG_TYPE_"),
            kind.attach_type.name.removeprefix("BPF_") if kind.attach_type is not None else "",
            ".".join(map(str, kind.since)),
            f"`{kind.follows}`" if kind.follows else "",
        ]
        for kind in SECTION_KINDS.values()
    ]
    return table("section | program type | attach type | kernel | behind the slash", rows)


def kinds() -> str:
    """A row for each kind of type."""
    rows = [[str(number), one.name, one.since, _IS[one.name]] for number, one in KINDS.items()]
    return table("number | kind | kernel | is", rows)


def sanitize() -> str:
    """A row for each feature that kernels may lack."""
    rows = [[one.name, one.since, _instead(one)] for one in FEATURES.values()]
    return table("what | kernel | before, it becomes", rows)


def _instead(feature: Feature) -> str:
    """The kind that takes its place."""
    instead = feature.replace(feature.example)
    assert instead is not None
    if type(instead) is not type(feature.example):
        return kind_name(instead.kind)
    if isinstance(instead, t.DataSec):
        return f"DATASEC `{instead.name}`"
    return f"{kind_name(instead.kind)} without it"


PARTS = {"sections": sections, "kinds": kinds, "sanitize": sanitize}
