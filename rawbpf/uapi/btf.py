"""<linux/btf.h>: the numbers and record layouts of the BPF Type Format.

Source: include/uapi/linux/btf.h and Documentation/bpf/btf.rst. A BTF blob is a header, a type
section and a string section. Everything in the type section is a 32-bit word: each type opens
with three (``struct btf_type``: name offset, info, size-or-type), then come words that its kind
fixes and, for kinds that have elements, some words for each of its ``vlen`` elements.

``info`` packs vlen (bits 0-23), kind (24-30) and kind_flag (31). Kernels of 2025 and before have
16 bits for vlen and 5 for kind and want the others to be zero, so that the wider masks, which 7.2
has, read old BTF too.

>>> KINDS[BTF_KIND_STRUCT]
Kind(name='STRUCT', info_words=0, element_words=3, since='4.18')
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

__all__ = [
    "BTF_EXT_HEADER",
    "BTF_FUNC_EXTERN",
    "BTF_FUNC_GLOBAL",
    "BTF_FUNC_STATIC",
    "BTF_HEADER",
    "BTF_INT_BOOL",
    "BTF_INT_CHAR",
    "BTF_INT_SIGNED",
    "BTF_KIND_ARRAY",
    "BTF_KIND_CONST",
    "BTF_KIND_DATASEC",
    "BTF_KIND_DECL_TAG",
    "BTF_KIND_ENUM",
    "BTF_KIND_ENUM64",
    "BTF_KIND_FLOAT",
    "BTF_KIND_FUNC",
    "BTF_KIND_FUNC_PROTO",
    "BTF_KIND_FWD",
    "BTF_KIND_INT",
    "BTF_KIND_PTR",
    "BTF_KIND_RESTRICT",
    "BTF_KIND_STRUCT",
    "BTF_KIND_TYPEDEF",
    "BTF_KIND_TYPE_TAG",
    "BTF_KIND_UNION",
    "BTF_KIND_UNKN",
    "BTF_KIND_VAR",
    "BTF_KIND_VOLATILE",
    "BTF_LAYOUT",
    "BTF_MAGIC",
    "BTF_MAX_KIND",
    "BTF_MAX_NAME_OFFSET",
    "BTF_MAX_TYPE",
    "BTF_MAX_VLEN",
    "BTF_VAR_GLOBAL_ALLOCATED",
    "BTF_VAR_GLOBAL_EXTERN",
    "BTF_VAR_STATIC",
    "BTF_VERSION",
    "KINDS",
    "LINKAGES",
    "Kind",
    "bpf_core_relo_kind",
]

BTF_MAGIC = 0xEB9F
BTF_VERSION = 1

BTF_HEADER = "HBBIIIII"
"""struct btf_header: magic, version, flags, hdr_len, then offset and length of the type section
and of the string section, from the header's end. Linux 7.1 appends BTF_LAYOUT's pair."""

BTF_LAYOUT = "BBH"
"""struct btf_layout, one per kind, in the optional layout section (7.1): bytes after btf_type,
bytes of each element, flags. It lets a reader step over kinds that it does not know."""

BTF_EXT_HEADER = "HBBIIIII"
"""struct btf_ext_header: as above for func_info and line_info; longer ones add CO-RE's pair."""

BTF_MAX_KIND = 0x7F
BTF_MAX_TYPE = 0x000FFFFF
BTF_MAX_NAME_OFFSET = 0x00FFFFFF
BTF_MAX_VLEN = 0x00FFFFFF
"""As 7.2 takes it; 6.12 refuses more than 0xffff."""

BTF_KIND_UNKN = 0
BTF_KIND_INT = 1
BTF_KIND_PTR = 2
BTF_KIND_ARRAY = 3
BTF_KIND_STRUCT = 4
BTF_KIND_UNION = 5
BTF_KIND_ENUM = 6
BTF_KIND_FWD = 7
BTF_KIND_TYPEDEF = 8
BTF_KIND_VOLATILE = 9
BTF_KIND_CONST = 10
BTF_KIND_RESTRICT = 11
BTF_KIND_FUNC = 12
BTF_KIND_FUNC_PROTO = 13
BTF_KIND_VAR = 14
BTF_KIND_DATASEC = 15
BTF_KIND_FLOAT = 16
BTF_KIND_DECL_TAG = 17
BTF_KIND_TYPE_TAG = 18
BTF_KIND_ENUM64 = 19


class Kind(NamedTuple):
    """A kind's name, the words after its btf_type, the words per element, its first kernel."""

    name: str
    info_words: int
    element_words: int
    since: str


KINDS: dict[int, Kind] = {
    BTF_KIND_INT: Kind("INT", 1, 0, "4.18"),
    BTF_KIND_PTR: Kind("PTR", 0, 0, "4.18"),
    BTF_KIND_ARRAY: Kind("ARRAY", 3, 0, "4.18"),
    BTF_KIND_STRUCT: Kind("STRUCT", 0, 3, "4.18"),
    BTF_KIND_UNION: Kind("UNION", 0, 3, "4.18"),
    BTF_KIND_ENUM: Kind("ENUM", 0, 2, "4.18"),
    BTF_KIND_FWD: Kind("FWD", 0, 0, "4.18"),
    BTF_KIND_TYPEDEF: Kind("TYPEDEF", 0, 0, "4.18"),
    BTF_KIND_VOLATILE: Kind("VOLATILE", 0, 0, "4.18"),
    BTF_KIND_CONST: Kind("CONST", 0, 0, "4.18"),
    BTF_KIND_RESTRICT: Kind("RESTRICT", 0, 0, "4.18"),
    BTF_KIND_FUNC: Kind("FUNC", 0, 0, "5.0"),
    BTF_KIND_FUNC_PROTO: Kind("FUNC_PROTO", 0, 2, "5.0"),
    BTF_KIND_VAR: Kind("VAR", 1, 0, "5.2"),
    BTF_KIND_DATASEC: Kind("DATASEC", 0, 3, "5.2"),
    BTF_KIND_FLOAT: Kind("FLOAT", 0, 0, "5.13"),
    BTF_KIND_DECL_TAG: Kind("DECL_TAG", 1, 0, "5.16"),
    BTF_KIND_TYPE_TAG: Kind("TYPE_TAG", 0, 0, "5.17"),
    BTF_KIND_ENUM64: Kind("ENUM64", 0, 3, "6.0"),
}
"""Every kind. FUNC has no elements: its vlen holds its linkage (5.6)."""

BTF_INT_SIGNED = 1 << 0
BTF_INT_CHAR = 1 << 1
BTF_INT_BOOL = 1 << 2

BTF_FUNC_STATIC = 0
BTF_FUNC_GLOBAL = 1
BTF_FUNC_EXTERN = 2

BTF_VAR_STATIC = 0
BTF_VAR_GLOBAL_ALLOCATED = 1
BTF_VAR_GLOBAL_EXTERN = 2

LINKAGES = ("static", "global", "extern")
"""In words, for functions and variables alike."""


class bpf_core_relo_kind(IntEnum):
    """What a CO-RE record wants to know of the kernel's types. Of enum bpf_core_relo_kind (5.17).

    Clang numbers them alike (14 lacks the last); the header has them since the kernel can relocate.
    """

    BPF_CORE_FIELD_BYTE_OFFSET = 0
    BPF_CORE_FIELD_BYTE_SIZE = 1
    BPF_CORE_FIELD_EXISTS = 2
    BPF_CORE_FIELD_SIGNED = 3
    BPF_CORE_FIELD_LSHIFT_U64 = 4
    BPF_CORE_FIELD_RSHIFT_U64 = 5
    BPF_CORE_TYPE_ID_LOCAL = 6
    BPF_CORE_TYPE_ID_TARGET = 7
    BPF_CORE_TYPE_EXISTS = 8
    BPF_CORE_TYPE_SIZE = 9
    BPF_CORE_ENUMVAL_EXISTS = 10
    BPF_CORE_ENUMVAL_VALUE = 11
    BPF_CORE_TYPE_MATCHES = 12
