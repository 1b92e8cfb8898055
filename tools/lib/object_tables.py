"""Generate the tables in docs/reference/sections.md and btf.md from the tables in the code."""

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
    "INT": "a signed or unsigned integer, a `char` or a `_Bool`",
    "PTR": "a pointer",
    "ARRAY": "an array with a fixed number of elements",
    "STRUCT": "a struct; with kind_flag (Linux 5.0), its members may be bit fields",
    "UNION": "a union; kind_flag has the same meaning as in STRUCT",
    "ENUM": "an enum of up to 32 bits; with kind_flag (Linux 6.0), its values are signed",
    "FWD": "a forward declaration of a struct, or of a union if kind_flag is set",
    "TYPEDEF": "an alias for another type",
    "VOLATILE": "a qualifier",
    "CONST": "a qualifier",
    "RESTRICT": "a qualifier",
    "FUNC": "a function: static, global (since Linux 5.6) or extern",
    "FUNC_PROTO": "the parameters and the return type of a function",
    "VAR": "a variable",
    "DATASEC": "an ELF section and its variables",
    "FLOAT": "a floating-point number",
    "DECL_TAG": (
        "an annotation on a type, a member or a parameter; with kind_flag (Linux "
        f"{FEATURES['decl_attribute'].since}), an attribute"
    ),
    "TYPE_TAG": (
        "an annotation on the type that a pointer refers to; with kind_flag (Linux "
        f"{FEATURES['type_attribute'].since}), an attribute"
    ),
    "ENUM64": "an enum with 64-bit values",
}


def sections() -> str:
    """Return a table with a row for each kind of section."""
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
    return table("section | program type | attach type | kernel | attach target", rows)


def kinds() -> str:
    """Return a table with a row for each kind of BTF type."""
    rows = [[str(number), one.name, one.since, _IS[one.name]] for number, one in KINDS.items()]
    return table("number | kind | kernel | meaning", rows)


def sanitize() -> str:
    """Return a table with a row for each BTF feature that older kernels lack."""
    rows = [[one.name, one.since, _instead(one)] for one in FEATURES.values()]
    return table("feature | kernel | replacement on older kernels", rows)


def _instead(feature: Feature) -> str:
    """Return the name of the type that replaces a BTF feature on older kernels."""
    instead = feature.replace(feature.example)
    assert instead is not None
    if type(instead) is not type(feature.example):
        return kind_name(instead.kind)
    if isinstance(instead, t.DataSec):
        return f"DATASEC `{instead.name}`"
    return f"{kind_name(instead.kind)} without signed values"


PARTS = {"sections": sections, "kinds": kinds, "sanitize": sanitize}
