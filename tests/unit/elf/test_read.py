"""Reading damaged and unusual files."""

import struct

import pytest

from rawbpf.elf import layout as elf
from rawbpf.elf.code import code_sections
from rawbpf.elf.object import open_object
from rawbpf.elf.read import ObjectFile
from rawbpf.elf.write import encode_object
from rawbpf.errors import DecodeError, FormatError, RawbpfError, UnsupportedError
from rawbpf.source.assembler import assemble
from tests.support.clang import compile_object

TEXT = '.map m, array, key=4, value=8, entries=1\n.program p, "xdp"\nr1 = m ll\nr0 = 0\nexit'
GOOD = encode_object(assemble(TEXT))
HEADER = elf.FileHeader(*elf.FILE_HEADER.unpack_from(GOOD))


def with_header(**changes):
    return elf.FILE_HEADER.pack(*HEADER._replace(**changes)) + GOOD[elf.FILE_HEADER.size :]


def with_section(section, /, **changes):
    """Return the good file with some fields of one section header changed."""
    number = next(one.number for one in ObjectFile(GOOD).sections if one.name == section)
    at = HEADER.section_headers + number * elf.SECTION_HEADER.size
    row = elf.SectionHeader(*elf.SECTION_HEADER.unpack_from(GOOD, at))._replace(**changes)
    return GOOD[:at] + elf.SECTION_HEADER.pack(*row) + GOOD[at + elf.SECTION_HEADER.size :]


def with_bytes(name, data):
    offset = ObjectFile(GOOD).section(name).header.offset
    return GOOD[:offset] + data + GOOD[offset + len(data) :]


STRTAB = ObjectFile(GOOD).section(".strtab").header.size


def read_everything(data):
    return code_sections(ObjectFile(data)), open_object(data)


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (b"", FormatError, "not an ELF file"),
        (b"\x7fELF", FormatError, "truncated ELF file: 4 bytes are too few for a header"),
        (with_header(machine=62), FormatError, "contains no BPF: the file is for x86-64"),
        (with_header(machine=9999), FormatError, "the file is for machine 9999"),
        (GOOD[:5] + b"\2" + GOOD[6:], UnsupportedError, "big-endian"),
        (GOOD[:4] + b"\1" + GOOD[5:], UnsupportedError, "32-bit"),
        (with_header(section_headers=1 << 60), FormatError, "truncated"),
        (with_header(section_count=65535), FormatError, "truncated"),
        (with_header(section_header_size=40), FormatError, "invalid section header size 40"),
        (
            with_header(names_index=99),
            FormatError,
            ("section 99, which should contain the section names, does not exist"),
        ),
        (with_section("xdp", size=1 << 62), FormatError, "extends past the end of the ELF file"),
        (
            with_section("xdp", offset=(1 << 64) - 8),
            FormatError,
            "extends past the end of the ELF file",
        ),
        (with_section("xdp", offset=64), FormatError, "overlap"),
        (with_section("xdp", name=1 << 31), FormatError, "name offset"),
        (with_section(".symtab", link=3), FormatError, "links to the invalid section 3"),
        (with_section(".symtab", link=300), FormatError, "links to the invalid section 300"),
        (with_section(".symtab", size=23), FormatError, "ends inside an entry"),
        (with_section(".symtab", entry_size=1), FormatError, ".symtab has an invalid entry size"),
        (with_section(".relxdp", entry_size=24), FormatError, ".relxdp has an invalid entry size"),
        (with_bytes(".strtab", b"x" * STRTAB), FormatError, "does not end with a NUL byte"),
        (GOOD[:4] + b"\7" + GOOD[5:], FormatError, "damaged ELF file: Invalid EI_CLASS"),
        (with_bytes(".relxdp", struct.pack("<QQ", 0, 99 << 32)), FormatError, "symbol 99"),
        (with_bytes(".relxdp", struct.pack("<QQ", 1 << 40, 1 << 32)), FormatError, "ends at 0x20"),
        (with_bytes("xdp", b"\xff"), DecodeError, "section xdp: unknown opcode 0xff"),
        (
            with_section("xdp", size=17),
            DecodeError,
            "section xdp: truncated instruction: only 1 of 8 bytes",
        ),
        (with_bytes(".BTF", b"\0\0"), FormatError, "not BTF"),
        (with_bytes(".BTF.ext", b"\0\0"), FormatError, "not .BTF.ext"),
    ],
)
def test_errors_name_the_damage(data, error, message):
    with pytest.raises(error) as caught:
        read_everything(data)
    assert message in str(caught.value)


@pytest.mark.parametrize("length", range(0, len(GOOD), 7))
def test_a_file_truncated_anywhere_is_an_error(length):
    with pytest.raises(RawbpfError):
        code_sections(ObjectFile(GOOD[:length]))


def test_a_file_without_symbols_has_code_without_names():
    text = '.program p, "xdp"\nr0 = 0\nexit'
    data = encode_object(assemble(text))
    file = ObjectFile(data)
    file.symbols.clear()
    (section,) = code_sections(file)
    assert (section.functions, len(section.instructions)) == ({}, 2)


def test_one_function_of_a_section():
    text = '.program a, "xdp"\nl: r0 = 1 ll\ngoto l\n.program b, "xdp"\nr1 = m ll\nexit\n'
    text += ".map m, array, key=4, value=8, entries=1"
    (section,) = code_sections(ObjectFile(encode_object(assemble(text))))
    assert section.functions == {0: "a", 3: "b"}
    b = section.only(3)
    assert (b.functions, b.symbols, len(b.instructions)) == ({0: "b"}, {0: "m"}, 2)
    assert b.sources[0].line == 5
    assert section.only(0).instructions == section.instructions[:2]


def test_relocations_can_be_read_twice():
    file = ObjectFile(GOOD)
    (section,) = file.code()
    first = list(file.relocations(section))
    assert [one.symbol.name for one in first] == ["m"]
    assert list(file.relocations(section)) == first


def test_all_relocations_of_clang_are_read(tmp_path):
    """Including those of debug sections; the last one may cover only four bytes."""
    text = 'int g; __attribute__((section("xdp"))) int p(void *c) { return g; }'
    file = ObjectFile(compile_object(text, tmp_path / "a.o").read_bytes())
    found = {
        one.name: [each.symbol.name for each in file.relocations(one)] for one in file.sections
    }
    assert found["xdp"] == ["g"]
    table = file.section(".rel.debug_str_offsets").contents
    assert len(found[".debug_str_offsets"]) == len(table) // elf.RELOCATION.size > 0


def test_unknown_symbol_types_and_sections_remain_numbers():
    """All types and bindings of symbols, and section indices with special meanings."""
    at = ObjectFile(GOOD).section(".symtab").header.offset + elf.SYMBOL.size
    sections = (0, 1, 0xFF00, 0xFFF1, 0xFFF2, 0xFFFF)
    for info in range(256):
        section = sections[info % len(sections)]
        row = elf.SYMBOL.pack(0, info, 0, section, 5, 6)
        symbol = ObjectFile(GOOD[:at] + row + GOOD[at + len(row) :]).symbols[1]
        assert symbol[1:6] == (info & 15, info >> 4, section, 5, 6)


def test_reading_overlapping_names_is_limited():
    """This object of 6 MB has 100,000 names of 2 MB each."""
    size, count = 1 << 21, 100_000
    strings = b"\0" + b"x" * size + b"\0"
    table = b"".join(elf.SYMBOL.pack(1 + i, 0, 0, 0, 0, 0) for i in range(count))
    headers = [
        elf.SectionHeader(0, elf.SHT_NULL),
        elf.SectionHeader(0, elf.SHT_STRTAB, offset=64, size=len(strings)),
        elf.SectionHeader(
            0, elf.SHT_SYMTAB, offset=64 + len(strings), size=len(table), link=1, entry_size=24
        ),
    ]
    header = HEADER._replace(section_headers=64 + len(strings) + len(table), section_count=3)
    data = elf.FILE_HEADER.pack(*header._replace(names_index=0)) + strings + table
    data += b"".join(elf.SECTION_HEADER.pack(*one) for one in headers)
    with pytest.raises(FormatError, match="too many names overlap"):
        ObjectFile(data)


def test_the_number_of_sections_may_be_in_the_first_header():
    """The format requires this for more than 0xFEFF sections."""
    first = elf.SectionHeader(
        0, elf.SHT_NULL, size=HEADER.section_count, link=HEADER.names_index, align=0
    )
    data = with_header(section_count=0, names_index=0xFFFF)
    start = HEADER.section_headers
    data = data[:start] + elf.SECTION_HEADER.pack(*first) + data[start + elf.SECTION_HEADER.size :]
    assert [one.name for one in ObjectFile(data).sections] == [
        one.name for one in ObjectFile(GOOD).sections
    ]
