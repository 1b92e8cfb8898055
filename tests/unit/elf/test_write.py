"""Written objects, as read by pyelftools, by LLVM and by rawbpf."""

import io

import pytest
from elftools.elf.elffile import ELFFile

from rawbpf.asm import Builder, r0, r1
from rawbpf.asm.decode import decode_all
from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.elf.code import code_sections
from rawbpf.elf.object import open_object
from rawbpf.elf.read import ObjectFile
from rawbpf.elf.write import encode_object
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.source.assembler import assemble
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type
from tests.support.llvm import objdump, run

TEXT = """
.license "GPL"
.map hits, hash, key=16, value=u64, entries=8, flags=BPF_F_NO_PREALLOC
.map rings, ringbuf, entries=4096
.rodata
text:  .ascii "hello"
limit: .quad 3
.data
state: .word 1, 2, 3
.program first, "kprobe/one"
        r1 = hits ll
        r2 = limit ll
        r3 = state + 4 ll
        call twice
        exit
.program second, "kprobe/one"
        r2 = each ll
        call twice
        exit
.program third, "xdp"
        r1 = rings ll
        exit
.function twice
        r0 = 2
        exit
.function each
        call twice
        exit
"""


@pytest.fixture(scope="module")
def data():
    return encode_object(assemble(TEXT, "some.bpf.s"))


@pytest.fixture
def path(data, tmp_path):
    path = tmp_path / "some.bpf.o"
    path.write_bytes(data)
    return path


def test_pyelftools_finds_sections_and_symbols(data):
    elf = ELFFile(io.BytesIO(data))
    assert (elf["e_machine"], elf["e_type"], elf.little_endian) == ("EM_BPF", "ET_REL", True)
    names = [section.name for section in elf.iter_sections()]
    assert names == [
        *("", ".maps", ".rodata", ".data", ".text", "kprobe/one", "xdp", "license"),
        *(".BTF", ".BTF.ext", ".symtab", ".rel.text", ".relkprobe/one", ".relxdp", ".strtab"),
    ]
    symbols = list(elf.get_section_by_name(".symtab").iter_symbols())
    places = {
        one.name: (names[one["st_shndx"]], one["st_value"], one["st_size"], one["st_info"]["type"])
        for one in symbols
        if one.name
    }
    assert places == {
        "hits": (".maps", 0, 40, "STT_OBJECT"),
        "rings": (".maps", 40, 16, "STT_OBJECT"),
        "text": (".rodata", 0, 5, "STT_OBJECT"),
        "limit": (".rodata", 8, 8, "STT_OBJECT"),
        "state": (".data", 0, 12, "STT_OBJECT"),
        "twice": (".text", 0, 16, "STT_FUNC"),
        "each": (".text", 16, 16, "STT_FUNC"),
        "first": ("kprobe/one", 0, 64, "STT_FUNC"),
        "second": ("kprobe/one", 64, 32, "STT_FUNC"),
        "third": ("xdp", 0, 24, "STT_FUNC"),
        "_license": ("license", 0, 4, "STT_OBJECT"),
    }
    table = elf.get_section_by_name(".symtab")
    bindings = [one["st_info"]["bind"] for one in symbols]
    assert bindings == sorted(bindings, reverse=True)  # LOCAL, then GLOBAL
    assert table["sh_info"] == bindings.index("STB_GLOBAL")
    assert elf.get_section_by_name("license").data() == b"GPL\0"


def test_relocated_instructions_hold_only_addends(data):
    code = {one.name: one for one in code_sections(ObjectFile(data))}
    loads = [one for one in code["kprobe/one"].instructions if one.opcode == 0x18]
    assert [(one.src, one.imm) for one in loads] == [(0, 0), (0, 0), (0, 4), (0, 16)]
    calls = [one.imm for one in code["kprobe/one"].instructions if one.opcode == 0x85]
    assert calls == [-1, -1]
    assert code["kprobe/one"].symbols == {
        0: "hits", 2: "limit", 4: "state + 4", 6: "twice", 8: "each", 10: "twice"
    }  # fmt: skip


def test_types_of_maps_functions_and_data(data):
    section = ObjectFile(data).section(".BTF")
    btf = Btf.from_bytes(section.contents)
    definition = btf[btf.find("hits").type_id]
    described = {}
    for member in definition.members:
        target = btf[btf[member.type_id].type_id]
        described[member.name] = target.length if isinstance(target, t.Array) else target.name
    assert described == {"type": 1, "key": 16, "value": "u64", "max_entries": 8, "map_flags": 1}
    prototype = btf[btf.find("first").type_id]
    assert [param.name for param in prototype.params] == ["ctx"]
    assert btf[btf.find("text").type_id].length == 5
    assert btf[btf.find("limit").type_id].name == "u64"
    for name, size in ((".maps", 56), (".rodata", 16), (".data", 12)):
        section = btf.find(name)
        assert section.size == size
        assert [one.offset for one in section.variables] == sorted(
            one.offset for one in section.variables
        )


def test_each_instruction_has_its_source_line(data):
    lines = TEXT.splitlines()
    for section in code_sections(ObjectFile(data)):
        assert section.sources.keys() >= {0}
        for source in section.sources.values():
            assert source.file == "some.bpf.s"
            assert source.text == lines[source.line - 1].strip()


def test_llvm_shows_the_source_and_the_relocations(path):
    shown = run("llvm-objdump", "-d", "-S", str(path))
    assert "; r3 = state + 4 ll" in shown
    relocations = [line.relocation for line in objdump(path) if line.relocation]
    assert relocations == [
        "R_BPF_64_32 .text",
        *("R_BPF_64_64 hits", "R_BPF_64_64 limit", "R_BPF_64_64 state", "R_BPF_64_32 .text"),
        *("R_BPF_64_64 .text", "R_BPF_64_32 .text", "R_BPF_64_64 rings"),
    ]


def test_llvm_reads_the_whole_file_without_errors(path):
    run("llvm-readelf", "--all", "--hex-dump=.maps", str(path))


def built(**changes):
    b = Builder("p")
    b.mov(r0, 0)
    b.exit()
    spec = ProgramSpec("p", bpf_prog_type.BPF_PROG_TYPE_XDP, b.build(), section="xdp")
    return spec._replace(**changes)


def test_source_lines_of_the_builder_are_python():
    (section,) = code_sections(ObjectFile(encode_object(ObjectSpec({"p": built()}))))
    assert section.sources[0].text == "b.mov(r0, 0)"
    assert section.sources[0].file == __file__


def test_an_object_without_sources_has_no_line_info():
    code = built().code.without_sources()
    (section,) = code_sections(ObjectFile(encode_object(ObjectSpec({"p": built(code=code)}))))
    assert section.sources == {}


def test_a_program_without_a_section_name_gets_its_own_name():
    (section,) = code_sections(ObjectFile(encode_object(ObjectSpec({"p": built(section="")}))))
    assert section.name == "p"


MAP = assemble(".map m, array, key=4, value=4, entries=1").maps["m"]


def referring(emit):
    b = Builder("p")
    emit(b)
    b.exit()
    return ObjectSpec({"p": built(code=b.build())})


@pytest.mark.parametrize(
    ("spec", "error", "message"),
    [
        (referring(lambda b: b.ld_map_fd(r1, "m")), FormatError, "does not define this symbol"),
        (
            referring(lambda b: b.call_kfunc("f")),
            UnsupportedError,
            "cannot express kernel function",
        ),
        (referring(lambda b: b.ld_btf_id(r1, "v")), UnsupportedError, "kernel variable 'v'"),
        (ObjectSpec({"p": built(section=".text")}), FormatError, "cannot be in section '.text'"),
        (
            ObjectSpec({"m": built()}, {"m": MAP}),
            FormatError,
            "more than one symbol in the object is",
        ),
        (ObjectSpec({"a b": built(name="a b")}), FormatError, "not a C identifier"),
    ],
)
def test_errors_of_objects_that_cannot_be_written(spec, error, message):
    with pytest.raises(error, match=message):
        encode_object(spec)


def test_there_is_no_relocation_for_an_address_inside_a_map():
    text = '.map m, array, key=4, value=8, entries=1\n.program p, "xdp"\n'
    spec = assemble(text + "r1 = map_val(map_by_fd(m)) + 4 ll\nexit")
    with pytest.raises(UnsupportedError, match="cannot express the value of map 'm'"):
        encode_object(spec)


def test_two_functions_of_one_name_are_an_error():
    programs = {}
    for name, number in (("a", 1), ("b", 2)):
        b = Builder(name)
        b.call_local("f")
        b.exit()
        b.function("f")
        b.mov(r0, number)
        b.exit()
        programs[name] = built(name=name, code=b.build())
    with pytest.raises(FormatError, match="more than one function is named 'f'"):
        encode_object(ObjectSpec(programs))


def test_code_round_trips_byte_for_byte(data):
    file = ObjectFile(data)
    for section in file.code():
        assert b"".join(one.encode() for one in decode_all(section.contents)) == section.contents


def test_optional_programs_remain_optional():
    text = '.program maybe, "?iter.s/task"\nr0 = 0\nexit\n'
    assembled = assemble(text).programs["maybe"]
    read = open_object(encode_object(assemble(text))).programs["maybe"]
    assert (read.section, read.attach_to, read.autoload) == ("iter.s/task", "task", False)
    assert (assembled.section, assembled.prog_flags) == (read.section, read.prog_flags)
