"""Read arbitrary ELF files: the result is their parts or a declared error, within limits."""

import io
import resource
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rawbpf.asm.disassembler import disassemble
from rawbpf.elf import layout as elf
from rawbpf.elf.code import code_sections
from rawbpf.elf.read import ObjectFile
from rawbpf.elf.untrusted import Sections, open_elf
from rawbpf.elf.write import encode_object
from rawbpf.errors import FormatError, RawbpfError
from rawbpf.source.assembler import assemble

BPF_SRC = Path(__file__).parents[2] / "bpf_src"
OBJECTS = [encode_object(assemble(path.read_text())) for path in sorted(BPF_SRC.glob("*.bpf.s"))]


def exercise(data):
    """Run every query on a file. A query may raise a declared error, but nothing else."""
    with suppress(FormatError):
        sections = Sections(open_elf(io.BytesIO(data)))
        for number in range(len(sections.headers)):
            with suppress(FormatError):
                sections.contents(number)
    with suppress(RawbpfError):
        file = ObjectFile(data)
        for section in file.sections:
            with suppress(FormatError):
                list(file.relocations(section))
        for code in code_sections(file):
            disassemble(code.instructions, functions=code.functions, symbols=code.symbols)


@given(st.binary(max_size=200))
def test_bytes_as_an_object(data):
    exercise(elf.EI_IDENT + data)


@given(st.sampled_from(OBJECTS), st.data())
@settings(max_examples=300, deadline=None)
def test_some_bytes_changed(data, draw):
    damaged = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(damaged) - 1))
        damaged[at] = draw.draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)) | st.integers(0, 255))
    exercise(bytes(damaged[: draw.draw(st.integers(0, len(data)) | st.just(len(data)))]))


# Section types that pyelftools parses, and indexes and sizes at the limits of their ranges.
_TELLING = (
    *range(20), 0xFF00, 0xFFF1, 0xFFFF, 0x6FFFFFF6, 0x6FFFFFFD, 0x70000003, (1 << 31) - 1, 1 << 31,
    (1 << 32) - 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1,
)  # fmt: skip


def tables_of(data):
    """Return each table of an object: the format of its rows, its offset and its number of rows."""
    file = ObjectFile(data)
    start = elf.FileHeader(*elf.FILE_HEADER.unpack_from(data)).section_headers
    yield elf.FILE_HEADER, 0, 1
    yield elf.SECTION_HEADER, start, len(file.sections)
    for section in file.sections:
        layout = {elf.SHT_SYMTAB: elf.SYMBOL, elf.SHT_REL: elf.RELOCATION}.get(section.header.type)
        if layout:
            yield layout, section.header.offset, len(section.contents) // layout.size


TABLES = [(data, list(tables_of(data))) for data in OBJECTS]


@st.composite
def changed_tables(draw):
    """Return an object whose tables contain other numbers."""
    good, tables = draw(st.sampled_from(TABLES))
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        layout, start, count = draw(st.sampled_from(tables))
        at = start + layout.size * draw(st.integers(0, count - 1))
        row = list(layout.unpack_from(data, at))
        fields = layout.format.lstrip("<").replace("16s", "")
        field = draw(st.integers(1, len(fields)))
        bits = {"B": 8, "H": 16, "I": 32, "Q": 64}[fields[-field]]
        row[-field] = draw(st.sampled_from(_TELLING) | st.integers(0, len(data))) % (1 << bits)
        layout.pack_into(data, at, *row)
    return bytes(data)


@given(changed_tables())
@settings(max_examples=300, deadline=None)
def test_tables_with_some_numbers_changed(data):
    exercise(data)


def file_of(*parts, count=None):
    """Build a file from sections, given as headers without an offset and contents."""
    body, headers = bytearray(), [elf.SectionHeader(0, elf.SHT_NULL, size=count or 0)]
    for header, contents in parts:
        place = elf.FILE_HEADER.size + len(body)
        headers.append(header._replace(offset=place, size=header.size or len(contents)))
        body += contents
    header = elf.FileHeader(
        elf.EI_IDENT, elf.ET_REL, elf.EM_BPF, section_headers=elf.FILE_HEADER.size + len(body),
        section_count=0 if count else len(headers), names_index=1,
    )  # fmt: skip
    rows = b"".join(elf.SECTION_HEADER.pack(*row) for row in headers)
    return elf.FILE_HEADER.pack(*header) + bytes(body) + rows


NAMES = (elf.SectionHeader(1, elf.SHT_STRTAB), b"\0x\0")
MANY = 1 << 18


def symbols(row, count, names=NAMES):
    header = elf.SectionHeader(1, elf.SHT_SYMTAB, link=1, entry_size=elf.SYMBOL.size)
    return names, (header, elf.SYMBOL.pack(*row) * count)


def bombs():
    """Yield files that ask for enormous work."""
    symbol = elf.Symbol(1, 0, 0, 0, 0, 0)
    long_name = (elf.SectionHeader(0, elf.SHT_STRTAB), b"\0" + b"x" * (MANY << 7) + b"\0")
    code = (elf.SectionHeader(1, elf.SHT_PROGBITS), bytes(64))
    yield file_of(*symbols(symbol, MANY))
    yield file_of(*symbols(symbol, 10_000, long_name))
    yield file_of(NAMES, count=MANY) + elf.SECTION_HEADER.pack(*elf.SectionHeader(1, 1)) * MANY
    yield file_of(long_name, *[code] * 10_000)
    relocation = elf.SectionHeader(1, elf.SHT_REL, info=3, entry_size=elf.RELOCATION.size)
    table = (relocation, elf.RELOCATION.pack(0, 0) * MANY)
    yield file_of(*symbols(symbol, 1), code, table)
    yield file_of(*symbols(symbol, 1), *[(relocation, table[1][: 1 << 12])] * 2000)
    # Dynamic symbols, section indexes, RELR and a GNU hash, each with many entries.
    for kind in (11, 18, 19, 0x6FFFFFF6):
        words = b"\xff\xff\xff\0" * MANY
        yield file_of(NAMES, (elf.SectionHeader(1, kind, link=1, entry_size=4), words))
    yield file_of(NAMES, (elf.SectionHeader(1, elf.SHT_NOBITS, size=1 << 62), b""))
    compressed = elf.SectionHeader(1, elf.SHT_PROGBITS, flags=1 << 11)
    yield file_of(NAMES, (compressed, b"\1\0\0\0\0\0\0\0" + b"\xff" * 16))


def test_bombs_stay_within_limits():
    """Run the bombs with 300 MB of address space and 30 s of CPU, including Python's own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.test_elf"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
    for bomb in bombs():
        exercise(bomb)
