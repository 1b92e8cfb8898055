"""Mistakes in lesson 08."""

from tests.support.lesson_mutant import Mutant

HEADER = "test_offsets_are_measured_from_the_end_of_the_header"
KINDS = "test_each_kind_has_its_length"
TYPES = "test_types"
RECORDS = "test_records_of_one_section_among_others"
FOLLOW = "test_follow_gives_names_and_offset"
FIND = "test_find_gives_the_offset_in_the_kernel"
PATCH = "test_patch_changes_the_offset_only"

MUTANTS = [
    Mutant(
        "btf[size + types : size + types + types_size]", "btf[types : types + types_size]", HEADER
    ),
    Mutant(
        "btf[size + types : size + types + types_size]",
        "btf[size + types : size + strings]",
        HEADER,
    ),
    Mutant("btf[size + strings : size + strings + strings_size]", "btf[size + strings :]", HEADER),
    Mutant('"<HBBIIIII", btf', '">HBBIIIII", btf', HEADER),
    Mutant('[Type(0, "void", [])]', "[]", KINDS),
    Mutant("info >> 24 & 0x1F", "info >> 24", KINDS),
    Mutant("info >> 24 & 0x1F", "info >> 24 & 0x0F", KINDS),
    Mutant("EXTRA.get(kind, 0)", "EXTRA[kind]", KINDS, "KeyError: 2"),
    Mutant(" + EXTRA.get(kind, 0)", "", KINDS),
    Mutant("EACH.get(kind, 0)", "EACH.get(kind, 12)", KINDS),
    Mutant("EACH.get(kind, 0)", "EACH[kind]", KINDS, "KeyError: 1"),
    Mutant("(STRUCT, UNION)", "(STRUCT,)", KINDS),
    Mutant("bits // 8", "bits", TYPES),
    Mutant("for n, type_, bits in rows", "for n, bits, type_ in rows", TYPES),
    Mutant("at, end, found = size + start + 4", "at, end, found = start + 4", RECORDS),
    Mutant("at, end, found = size + start + 4", "at, end, found = size + start", RECORDS),
    Mutant("size + start + length, []", "len(ext), []", RECORDS),
    Mutant("        at += 8 + 16 * count\n    return", "        at = end\n    return", RECORDS),
    Mutant("text_at(strings, name) == section", "True", RECORDS),
    Mutant(
        "        at += 8 + 16 * count\n    return", "        at += 16 * count\n    return", RECORDS
    ),
    Mutant("Record(at_, type_, text_at", "Record(type_, at_, text_at", RECORDS),
    Mutant("Record(at_, type_, text_at", "Record(at_ // 8, type_, text_at", RECORDS),
    Mutant("types[number].members[index]", "types[record.type].members[index]", FOLLOW),
    Mutant("first, *rest = map(int", "rest = map(int", FOLLOW),
    Mutant(
        "names.append(member.name)\n        offset += member.offset",
        "names.append(member.name)\n        offset = member.offset",
        FOLLOW,
    ),
    Mutant(
        "number = member.type\n    return names", "number = record.type\n    return names", FOLLOW
    ),
    Mutant("(STRUCT, struct_name)", "(UNION, struct_name)", FIND),
    Mutant("if one.name == name), None)", "if one.name == names[0]), None)", FIND),
    Mutant(
        "return None\n        offset += member.offset",
        "return None\n        offset = member.offset",
        FIND,
    ),
    Mutant(
        "        if member is None:\n            return None",
        "        if member is None:\n            return 0",
        FIND,
    ),
    Mutant("return None if number is None else offset", "return offset", FIND),
    Mutant("    if found != local:", "    if False:", PATCH, "raise a ValueError"),
    Mutant("code[: at + 2] +", "code[:at] +", PATCH),
    Mutant('struct.pack("<h", target)', 'struct.pack(">h", target)', PATCH),
    Mutant('struct.pack("<h", target)', 'struct.pack("<h", target - local)', PATCH),
    Mutant('struct.pack("<h", target)', 'struct.pack("<b", target & 0x7F) + bytes(1)', PATCH),
]
