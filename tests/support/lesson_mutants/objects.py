"""Mistakes in lesson 07."""

from tests.support.lesson_mutant import Mutant

OTHER = "test_other_files_are_rejected"
SECTIONS = "test_sections"
SYMBOLS = "test_symbols_have_a_name_a_section_and_a_value"
RELOCATIONS = "test_relocations_refer_to_symbols_by_index"
APPLY = "test_one_relocation_by_hand"

MUTANTS = [
    Mutant('data[:5] != b"\\x7fELF\\x02"', 'data[:4] != b"\\x7fELF"', OTHER, "32-bit"),
    Mutant(' or struct.unpack_from("<H", data, 18) != (EM_BPF,)', "", OTHER, "another machine"),
    Mutant(
        'b"" if kind == SHT_NOBITS else data[offset : offset + length]',
        "data[offset : offset + length]",
        "test_a_section_of_type_nobits_has_no_contents",
        "NOBITS has no bytes",
    ),
    Mutant("row[4], row[5]", "row[3], row[5]", SECTIONS),
    Mutant("row[4], row[5]", "row[5], row[4]", SECTIONS),
    Mutant("data[offset : offset + length]", "data[offset:length]", SECTIONS),
    Mutant("size, count, names =", "count, size, names =", SECTIONS),
    Mutant("size, count, names =", "size, names, count =", SECTIONS),
    Mutant("range(count)", "range(1, count)", SECTIONS),
    Mutant("range(count)", "range(count - 1)", SECTIONS),
    Mutant("table + number * size", "table", SECTIONS),
    Mutant("Section(name, kind, contents)", "Section(kind, name, contents)", SECTIONS),
    Mutant('table.index(b"\\0", offset)', 'table.index(b"\\0")', "test_names"),
    Mutant('table.index(b"\\0", offset)', 'table.index(b"\\0", offset) + 1', "test_names"),
    Mutant(".decode()", "", "test_names"),
    Mutant(
        "for name, _, _, section, value, _ in rows",
        "for name, _, section, _, value, _ in rows",
        SYMBOLS,
    ),
    Mutant(
        "for name, _, _, section, value, _ in rows",
        "for name, _, _, section, _, value in rows",
        SYMBOLS,
    ),
    Mutant("value, _ in rows", "value, _ in rows if name", SYMBOLS),
    Mutant('"<IBBHQQ"', '">IBBHQQ"', SYMBOLS),
    Mutant("info >> 32", "info & 0xFFFF_FFFF", RELOCATIONS, "upper half"),
    Mutant("info >> 32", "(info >> 32) - 1", RELOCATIONS),
    Mutant("Relocation(offset, known", "Relocation(offset // 8, known", RELOCATIONS),
    Mutant("PSEUDO_MAP_FD << 4", "PSEUDO_MAP_FD", APPLY),
    Mutant("registers & 0x0F | ", "", APPLY),
    Mutant("PSEUDO_MAP_FD << 4", "0", APPLY),
    Mutant("registers, off, descriptor)", "registers, descriptor, 0)", APPLY),
    Mutant('struct.pack("<BBhi"', 'struct.pack(">BBhi"', APPLY),
    Mutant("code[at + len(done) :]", "code[at + 16 :]", APPLY),
    Mutant("code[at + len(done) :]", "code[at:]", APPLY),
    Mutant("at = relocation.offset", "at = 0", APPLY),
]
