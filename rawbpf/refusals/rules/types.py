"""Rules RB-T001 to RB-T010, which cover messages in the log of BPF_BTF_LOAD."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import TypesRule, subject_that
from rawbpf.uapi.btf import KINDS

if TYPE_CHECKING:
    from rawbpf.refusals.rule import TypesMessage

__all__ = ["RULES"]


def _name(found: TypesMessage, match: re.Match[str]) -> str:
    if "offset" in match[0]:
        return f"the name of {found.subject} is beyond the end of the strings"
    if found.type_id is not None and "(anon)" in found.line:
        return f"{found.subject} has no name, but needs one"
    also = ", or a value with such a name" if " ENUM" in found.line else ""
    return f"{found.subject} has an invalid name{also}"


_REFERENCES = {
    "Invalid elem": "the elements of an array must have a size",
    "Invalid index": "an array must be indexed by an integer",
    "Invalid return type": "a function must return void or a type that has a size",
    "Not a VAR kind member": "a section must consist of variables",
}


def _reference(found: TypesMessage, match: re.Match[str]) -> str:
    argument = re.search(r"arg#(\d{1,6})", match[0])
    if argument:
        return f"argument {argument[1]} of {found.subject} has no type, or no name"
    what = _REFERENCES.get(match[0].strip())
    subject = found.words if found.element == "" else found.subject
    refers = f"{subject} refers to {found.target or 'an invalid type'}"
    if what is not None:
        return f"{refers}: {what}"
    exists = found.target and "does not exist" not in found.target
    return f"{refers}, which is not allowed there" if exists else refers


_MEMBERS = {
    "exceeds": "extends beyond the end",
    "bitfield_size": "has more bits than its type",
    "bits_offset": "starts before the previous member, or inside a union at an offset other than 0",
    "aligned": "is not aligned as its type requires",
}


def _loop(found: TypesMessage, match: re.Match[str]) -> str:
    if "depth" in match[0]:
        return f"{found.subject} has more than 32 nested types"
    return f"{found.subject} refers back to itself, so it has no size"


_SIZES = {
    "nr_bits": "has more bits than fit into its bytes",
    "encoding": "has an unknown encoding, or is signed, char and bool at the same time",
    "overflows": "is larger than 4 GB",
    "int_data": "has unused bits that are not 0",
}


def _kind(found: TypesMessage, match: re.Match[str]) -> str:
    kind = int(match["kind"]) if match["kind"] else int(match["info"], 16) >> 24 & 31
    known = KINDS.get(kind)
    name = f"{known.name} ({kind})" if known else str(kind)
    return f"type {found.type_id} has kind {name}, or flags, that this kernel does not know"


_SECTIONS = {
    "Invalid offset": "overlaps the previous variable, or lies outside the section",
    "Invalid size": "has a different size than its variable",
    "size == 0": "is empty",
    "vlen == 0": "has no variables",
    "Linkage not supported": "has an unknown linkage",
    "Invalid func linkage": "has a linkage that the kernel does not accept",
}


def _header(found: TypesMessage, match: re.Match[str]) -> str:
    if "meta_" in match[0]:
        return f"the types end in the middle of {found.subject}"
    return f"the types are damaged, or not BTF: {match[0].lower()}"


def _unused(found: TypesMessage, match: re.Match[str]) -> str:
    field = match[0].removesuffix(" != 0").rsplit(" ", 1)[-1]
    return f"{found.subject} has a value in {field}, which must be 0"


def _tag(found: TypesMessage, match: re.Match[str]) -> str:
    if "value" in match[0]:
        return f"{found.subject} has no text"
    return f"{found.subject} refers to a member or argument that its type does not have"


RULES = (
    TypesRule(
        code="RB-T001",
        title="Invalid or missing name",
        patterns=(r"Invalid (?:member )?name_offset:\d{1,10}$", r"Invalid name$"),
        meaning=(
            "Names of structs, unions, enums, functions, enumerators and members consist of "
            "letters, digits and underscores, as in C. Typedefs, functions and variables "
            "must have a name. Pointers, arrays and qualifiers must not have a name."
        ),
        reason=(
            "The kernel prints these names and uses them to match programs. Compilers for "
            "other languages emit names such as Option<u8>, unless they are configured to "
            "emit names for the kernel."
        ),
        example="A struct named Foo<T>, as emitted by rustc.",
        explain=_name,
        change="rename the type; for Rust, link with bpf-linker --btf, which cleans up the names",
    ),
    TypesRule(
        code="RB-T002",
        title="Reference to a missing type, or to a type that is not allowed there",
        patterns=(
            r"Invalid (?:type_id|member|elem|index|return type)$",
            r"Invalid arg#\d{1,6}$",
            r"Not a VAR kind member$",
        ),
        meaning=(
            "Types refer to each other by number. The number must belong to a type in the "
            "same BTF, and the type must be allowed there: a member has a size, an index is "
            "an integer, a function has a function prototype, and a section consists of "
            "variables."
        ),
        reason=(
            "The kernel checks these numbers once, when the types are loaded, because later "
            "code follows them without checking."
        ),
        example="A pointer to type 99 in BTF with 3 types.",
        explain=_reference,
        change="let a compiler generate the types (clang -g), or fix the tool that generates them",
    ),
    TypesRule(
        code="RB-T003",
        title="Member outside its struct",
        patterns=(
            r"Member exceeds (?:struct|union)_size$",
            r"Invalid member (?:bits_offset|bitfield_size|offset)$",
            r"Member is not (?:properly |byte )?aligned$",
        ),
        meaning=(
            "Members are listed in the order of their offsets, which count bits from the "
            "start of the struct, and all members must end within the struct. All members "
            "of a union start at 0."
        ),
        reason=(
            "The kernel uses types to print map values and to find the locks and timers "
            "in the values. A member outside its struct would refer to unrelated memory."
        ),
        example="A 4-byte struct with a second int, at bit 32.",
        explain=subject_that(_MEMBERS, "has an invalid offset"),
        change="write sizes and offsets that match sizeof and offsetof",
    ),
    TypesRule(
        code="RB-T004",
        title="Type that contains itself",
        patterns=(r"Loop detected$", r"Exceeded max resolving depth:\d{1,6}$"),
        meaning=(
            "The size of a struct depends on the sizes of its members. A struct may contain "
            "a pointer to itself, but not itself. A cycle of typedefs and qualifiers "
            "does not describe a type at all. The kernel follows up to 32 levels."
        ),
        reason="The kernel's stack is only a few pages in size, so nesting must be limited.",
        example="struct s { struct s next; }, or typedef a b; typedef b a.",
        explain=_loop,
        change="use a pointer to the type as the member",
    ),
    TypesRule(
        code="RB-T005",
        title="Invalid size of a number or an array",
        patterns=(
            r"nr_bits exceeds (?:type_size|\d{1,4})$",
            r"Unsupported encoding$",
            r"Unexpected size$",
            r"Invalid type_size$",
            r"Array size overflows U32_MAX$",
            r"Invalid int_data:[0-9a-f]{1,8}$",
        ),
        meaning=(
            "An integer may have up to 128 bits, and its size in bytes must be large "
            "enough to hold them. "
            "Enums are 1, 2, 4 or 8 bytes long, and floating point numbers 2, 4, 8, 12 or "
            "16 bytes. An array must be smaller than 4 GB."
        ),
        reason=(
            "The kernel can only format integers of these sizes, and stores byte counts in 32 bits."
        ),
        example="A 4-byte int with 40 bits, or a 3-byte enum.",
        explain=subject_that(_SIZES, "has an invalid size"),
        change="describe the number as the compiler defines it",
    ),
    TypesRule(
        code="RB-T006",
        title="Type kind not supported by this kernel",
        patterns=(r"Invalid (?:kind:(?P<kind>\d{1,3})|btf_info:(?P<info>[0-9a-f]{1,8}))$",),
        meaning=(
            "Each type starts with a number that identifies its kind. Kinds were added "
            "over time: FLOAT in "
            "5.13, DECL_TAG in 5.16, TYPE_TAG in 5.17, and ENUM64 in 6.0."
        ),
        reason=(
            "The length of a type depends on its kind, so a kernel cannot skip an unknown "
            "kind. When rawbpf loads an object, it replaces kinds that the kernel does not "
            "support with older kinds."
        ),
        example="The kind FLOAT on Linux 5.10.",
        explain=_kind,
        change=(
            "compile for an older kernel, or load the object with rawbpf, which replaces new kinds"
        ),
    ),
    TypesRule(
        code="RB-T007",
        title="Invalid variable or function in a section",
        patterns=(
            r"Invalid offset$",
            r"Invalid size$",
            r"(?:size|vlen) == 0$",
            r"Linkage not supported$",
            r"Invalid func linkage$",
        ),
        meaning=(
            "A section lists its variables in the order of their offsets, without overlaps. "
            "Variables are static, global or extern. Functions are static or global; for "
            "the kernel, extern functions are described as global."
        ),
        reason=(
            "A section becomes a map with one value, and programs are compiled with the "
            "offsets of the section's variables. The compiler leaves these offsets at 0, "
            "and the loader fills them in."
        ),
        example="A 4-byte section with a variable at offset 4.",
        explain=subject_that(_SECTIONS, "has an invalid offset"),
        change="let the loader fill in the offsets; rawbpf does so for objects that clang compiled",
    ),
    TypesRule(
        code="RB-T008",
        title="Invalid header",
        patterns=(
            r"btf_header not found$",
            r"Invalid magic$",
            r"Unsupported (?:version|flags|btf_header)$",
            r"No (?:data|type found)$",
            r"Unsupported section found$",
            r"Section overlap found$",
            r"Invalid section (?:offset|length)$",
            r"Total section length too long$",
            r"Unaligned type_off$",
            r"Invalid string section$",
            r"String section is not at the end$",
            r"hdr_len:\d{1,10}[^\n]*$",
            r"meta_left:\d{1,10} meta_needed:\d{1,10}$",
        ),
        meaning=(
            "BTF starts with a header: a magic number in the machine's byte order, a "
            "version, and the offsets of types and strings. Types and strings follow the "
            "header without gaps or overlaps. The string section starts and ends with a "
            "zero byte, and nothing follows it."
        ),
        reason=(
            "The kernel copies the bytes once, and does not trust any data that it has not checked."
        ),
        example="A type section that lacks its last two bytes.",
        explain=_header,
        change="compile the object again: the file is damaged, or was built for another machine",
    ),
    TypesRule(
        code="RB-T009",
        title="Unused field that is not 0",
        patterns=(r"(?:vlen|size|type) != 0$", r"Invalid btf_info kind_flag$"),
        meaning=(
            "Every type record starts with the same three 32-bit words: a name offset, the "
            "kind with an element count, and a size or a type ID. Words that a kind does "
            "not use must be 0."
        ),
        reason="Later kernels can then assign a meaning to these words.",
        example="A pointer with a nonzero element count.",
        explain=_unused,
        change="write 0 into the field",
    ),
    TypesRule(
        code="RB-T010",
        title="Tag on a member or argument that does not exist",
        patterns=(r"Invalid component_idx$", r"Invalid value$"),
        meaning=(
            '__attribute__((btf_decl_tag("..."))) applies to a struct, a variable, a '
            "function or a typedef (component_idx -1), or to the member or argument with "
            "the given number."
        ),
        reason=(
            "Programs search for tagged types, and the kernel finds kptrs and lists by their tags."
        ),
        example="A tag on the fourth member of a struct that has one member.",
        explain=_tag,
        change="tag an existing member, or the whole type with -1",
    ),
)
