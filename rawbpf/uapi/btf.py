"""<linux/btf.h>: the constants and record layouts of the BPF Type Format.

BTF consists of a header, a type section and a string section. The type section is a sequence of
32-bit words. Each type starts with three words (``struct btf_type``: name offset, info, size or
type). The words that follow depend on the kind: a kind with elements has a fixed number of words
for each of the ``vlen`` elements.

``info`` contains vlen (bits 0-23), kind (24-30) and kind_flag (31). Kernels up to 2025 use 16 bits
for vlen and 5 bits for the kind, and require all other bits to be 0. The wider masks of 7.2 are
therefore also correct for older BTF.

Sources: include/uapi/linux/btf.h, Documentation/bpf/btf.rst.

>>> KINDS[BTF_KIND_STRUCT]
KindLayout(name='STRUCT', info_words=0, element_words=3, since='4.18')
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
    "KindLayout",
    "bpf_core_relo_kind",
]

BTF_MAGIC = 0xEB9F
BTF_VERSION = 1

BTF_HEADER = "HBBIIIII"
"""struct btf_header: magic, version, flags, hdr_len, and the locations of two sections.

The type section and the string section each have an offset, relative to the end of the header, and
a length.

Linux 7.1 appends the offset and length of the layout section.
"""

BTF_LAYOUT = "BBH"
"""struct btf_layout, of which the optional layout section contains one record per kind (7.1).

The fields are the number of bytes after btf_type, the number of bytes per element, and flags.

The layout section lets a reader skip unknown kinds.
"""

BTF_EXT_HEADER = "HBBIIIII"
"""struct btf_ext_header, which has the same fields for func_info and line_info.

A longer header adds a field for CO-RE."""

BTF_MAX_KIND = 0x7F
BTF_MAX_TYPE = 0x000FFFFF
BTF_MAX_NAME_OFFSET = 0x00FFFFFF
BTF_MAX_VLEN = 0x00FFFFFF
"""The limit that applies in Linux 7.2. In Linux 6.12, the limit is 0xffff."""

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


class KindLayout(NamedTuple):
    """A BTF kind: its name, words after btf_type, words per element, and first kernel version."""

    name: str
    info_words: int
    element_words: int
    since: str


KINDS: dict[int, KindLayout] = {
    BTF_KIND_INT: KindLayout("INT", 1, 0, "4.18"),
    BTF_KIND_PTR: KindLayout("PTR", 0, 0, "4.18"),
    BTF_KIND_ARRAY: KindLayout("ARRAY", 3, 0, "4.18"),
    BTF_KIND_STRUCT: KindLayout("STRUCT", 0, 3, "4.18"),
    BTF_KIND_UNION: KindLayout("UNION", 0, 3, "4.18"),
    BTF_KIND_ENUM: KindLayout("ENUM", 0, 2, "4.18"),
    BTF_KIND_FWD: KindLayout("FWD", 0, 0, "4.18"),
    BTF_KIND_TYPEDEF: KindLayout("TYPEDEF", 0, 0, "4.18"),
    BTF_KIND_VOLATILE: KindLayout("VOLATILE", 0, 0, "4.18"),
    BTF_KIND_CONST: KindLayout("CONST", 0, 0, "4.18"),
    BTF_KIND_RESTRICT: KindLayout("RESTRICT", 0, 0, "4.18"),
    BTF_KIND_FUNC: KindLayout("FUNC", 0, 0, "5.0"),
    BTF_KIND_FUNC_PROTO: KindLayout("FUNC_PROTO", 0, 2, "5.0"),
    BTF_KIND_VAR: KindLayout("VAR", 1, 0, "5.2"),
    BTF_KIND_DATASEC: KindLayout("DATASEC", 0, 3, "5.2"),
    BTF_KIND_FLOAT: KindLayout("FLOAT", 0, 0, "5.13"),
    BTF_KIND_DECL_TAG: KindLayout("DECL_TAG", 1, 0, "5.16"),
    BTF_KIND_TYPE_TAG: KindLayout("TYPE_TAG", 0, 0, "5.17"),
    BTF_KIND_ENUM64: KindLayout("ENUM64", 0, 3, "6.0"),
}
"""All kinds. FUNC has no elements, so its vlen field contains the linkage (5.6)."""

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
"""Names of the linkages for functions and variables."""


class bpf_core_relo_kind(IntEnum):
    """Kinds of CO-RE relocations (enum bpf_core_relo_kind, 5.17).

    Clang uses the same numbers, but Clang 14 lacks the last kind.
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
