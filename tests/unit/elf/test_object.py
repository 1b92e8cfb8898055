"""Reading objects that clang compiled from C."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rawbpf.asm.instruction import LD_IMM64, Reference
from rawbpf.elf.object import open_object
from rawbpf.errors import FormatError, RawbpfError, UnsupportedError
from rawbpf.specs.section_names import SECTION_KINDS
from rawbpf.uapi.bpf import BPF_F_SLEEPABLE, bpf_map_flags, bpf_map_type
from tests.support.clang import clang

PRELUDE = """
typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) val *name
#define __array(name, val) typeof(val) *name[]
#define __noinline __attribute__((noinline))
char _license[] SEC("license") = "GPL";
"""


@cache
def compiled(text, *options):
    with TemporaryDirectory() as folder:
        path = f"{folder}/object.o"
        words = ("-target", "bpf", "-g", "-O2", *options, "-x", "c", "-c", "-", "-o", path)
        clang(*words, text=PRELUDE + text)
        return Path(path).read_bytes()


def read(text, *options):
    return open_object(compiled(text, *options))


def targets(code):
    """Return the slots that calls of functions and loads of their addresses refer to."""
    return {
        code.slot_of(index) + 1 + (one.imm if one.imm < 1 << 31 else one.imm - (1 << 32))
        for index, one in enumerate(code.instructions)
        if (one.opcode, one.src) in ((0x85, 1), (LD_IMM64, 4))
    }


def test_several_programs_in_one_section():
    spec = read("""
        SEC("xdp") int first(void *c) { return 1; }
        SEC("xdp") int second(void *c) { return 2; }
        SEC("?xdp.frags") int third(void *c) { return 2; }
    """)
    assert [(one.section, one.autoload) for one in spec.programs.values()] == [
        ("xdp", True),
        ("xdp", True),
        ("xdp.frags", False),
    ]
    codes = [one.code.instructions for one in spec.programs.values()]
    assert [(len(code), code[0].imm) for code in codes] == [(2, 1), (2, 2), (2, 2)]


def test_functions_are_linked_after_the_programs_that_call_them():
    """A static function (referred to by section), a global one (by name), and an indirect call."""
    spec = read("""
        static __noinline u64 last(u64 x) { return x * x + 3; }
        static __noinline u64 middle(u64 x) { return last(x) + last(x + 1); }
        __noinline u64 global(u64 x) { return x * 7; }
        u64 other = 1;
        SEC("socket") int a(void *c) { return middle(other) + global(other); }
        SEC("socket") int b(void *c) { return last(other); }
    """)
    a, b = spec.programs["a"].code, spec.programs["b"].code
    assert [one.name for one in a.functions] == ["a", "middle", "global", "last"]
    assert [one.name for one in b.functions] == ["b", "last"]
    for code in (a, b):
        assert all(one.type_id for one in code.functions)
        assert targets(code) == {one.slot for one in code.functions[1:]}
    assert set(spec.programs) == {"a", "b"}


def test_callbacks_are_functions_whose_address_is_taken():
    spec = read("""
        static long (*loop)(u32 n, void *f, void *c, u64 flags) = (void *)181;
        static long step(u32 i, void *c) { return 0; }
        SEC("tc") int p(void *c) { return loop(8, step, 0, 0); }
    """)
    code = spec.programs["p"].code
    assert [one.name for one in code.functions] == ["p", "step"]
    assert targets(code) == {code.functions[1].slot}


def test_hidden_functions_are_listed():
    spec = read("""
        __attribute__((visibility("hidden"))) __noinline int mine(u64 *x) { return *x; }
        __noinline int anybodys(u64 x) { return x * 3; }
        SEC("tc") int p(void *c) { u64 x = 1; return mine(&x) + anybodys(x); }
    """)
    assert spec.hidden == {"mine"}


def test_maps():
    spec = read("""
        struct key { u32 a, b; };
        struct {
            __uint(type, 1); __uint(max_entries, 64); __type(key, struct key); __type(value, u64);
            __uint(map_flags, 1); __uint(pinning, 1);
        } by_type SEC(".maps");
        struct {
            __uint(type, 2); __uint(max_entries, 3); __uint(key_size, 4); __uint(value_size, 24);
            __uint(numa_node, 0);
        } by_size SEC(".maps");
        struct inner {
            __uint(type, 2); __uint(max_entries, 5); __type(key, u32); __type(value, u32);
        };
        struct inner one SEC(".maps"), two SEC(".maps");
        struct {
            __uint(type, 13); __uint(max_entries, 4); __type(key, u32);
            __array(values, struct inner);
        } outer SEC(".maps") = { .values = { [0] = (void *)&two, [3] = (void *)&one } };
        int to(void *c);
        struct {
            __uint(type, 3); __uint(max_entries, 2); __type(key, u32);
            __array(values, int (void *));
        } jumps SEC(".maps") = { .values = { [1] = (void *)&to } };
        SEC("socket") int to(void *c) { return 0; }
        SEC("socket") int use(void *c) { return (u64)&by_type + (u64)&outer; }
    """)
    by_type, by_size = spec.maps["by_type"], spec.maps["by_size"]
    assert (by_type.map_type, by_type.key_size, by_type.value_size) == (1, 8, 8)
    assert (by_type.max_entries, by_type.map_flags, by_type.pinned) == (64, 1, True)
    assert spec.btf[by_type.btf_key_type_id].name == "key"
    assert (by_size.key_size, by_size.value_size, by_size.btf_key_type_id) == (4, 24, 0)
    outer = spec.maps["outer"]
    assert outer.map_type is bpf_map_type.BPF_MAP_TYPE_HASH_OF_MAPS
    assert (outer.inner.map_type, outer.inner.max_entries, outer.value_size) == (2, 5, 4)
    assert outer.initial == {0: "two", 3: "one"}
    assert spec.maps["jumps"].initial == {1: "to"}
    references = set(spec.programs["use"].code.references.values())
    assert references == {Reference("map", "by_type"), Reference("map", "outer")}


def test_variables_become_offsets_in_a_map_of_one_element():
    spec = read("""
        const volatile u32 limit = 7;
        const char name[] = "abc";
        u64 count = 5;
        u32 zero;
        static u64 hidden_here = 9;
        u64 apart SEC(".data.apart") = 3;
        const volatile int more SEC(".rodata.more") = 4;
        SEC("socket") int p(void *c)
        {
            count += limit; zero++; hidden_here += count; apart++;
            return name[count & 3] + more + hidden_here;
        }
    """)
    assert {name: one.read_only for name, one in spec.data.items()} == {
        ".rodata": True,
        ".data": False,
        ".bss": False,
        ".data.apart": False,
        ".rodata.more": True,
    }
    data = spec.data[".data"]
    places = {one.name: (one.offset, one.size) for one in data.variables}
    assert places == {"count": (0, 8), "hidden_here": (8, 8)}
    assert data.contents == (5).to_bytes(8, "little") + (9).to_bytes(8, "little")
    assert spec.data[".bss"].contents == bytes(4)
    assert all(one.type_id for section in spec.data.values() for one in section.variables)
    assert spec.data[".rodata"].map_spec().map_flags is bpf_map_flags.BPF_F_RDONLY_PROG
    found = set(spec.programs["p"].code.references.values())
    assert Reference("map_value", ".data", 8) in found
    assert Reference("map_value", ".rodata.more", 0) in found


def test_string_literals():
    spec = read("""
        static long (*print)(const char *f, u32 n) = (void *)6;
        SEC("tc") int p(void *c) { return print("some text", 10); }
    """)
    (section,) = spec.data.values()
    assert section.name.startswith(".rodata.str")
    assert section.contents == b"some text\0"


def test_externs():
    spec = read("""
        extern int LINUX_KERNEL_VERSION __attribute__((section(".kconfig")));
        extern _Bool CONFIG_X __attribute__((section(".kconfig"), weak));
        extern const int typed __attribute__((section(".ksyms")));
        extern const void untyped __attribute__((section(".ksyms"), weak));
        extern void function(void) __attribute__((section(".ksyms")));
        extern void maybe(void) __attribute__((section(".ksyms"), weak));
        SEC("tc") int p(void *c)
        {
            if (maybe) maybe();
            function();
            return LINUX_KERNEL_VERSION + CONFIG_X + (u64)&typed + (u64)&untyped;
        }
    """)
    assert {one.name: (one.kind, one.weak) for one in spec.externs.values()} == {
        "LINUX_KERNEL_VERSION": ("kconfig", False),
        "CONFIG_X": ("kconfig", True),
        "typed": ("ksym", False),
        "untyped": ("ksym", True),
        "function": ("kfunc", False),
        "maybe": ("kfunc", True),
    }
    settings = [one for one in spec.externs.values() if one.kind == "kconfig"]
    assert [(one.name, one.offset, one.size) for one in settings] == [
        ("LINUX_KERNEL_VERSION", 0, 4),
        ("CONFIG_X", 4, 1),
    ]
    references = list(spec.programs["p"].code.references.values())
    assert references.count(Reference("kfunc", "maybe")) == 2  # tested, and called
    assert Reference("map_value", ".kconfig", 4) in references


def test_old_map_definitions_are_read_with_a_remark():
    text = 'struct { u32 type, key, value, n, flags; } m SEC("maps") = { 1, 4, 8, 64, 1 };'
    spec = read(text + 'SEC("xdp") int p(void *c) { return (u64)&m; }')
    old = spec.maps["m"]
    assert (old.map_type, old.key_size, old.value_size, old.max_entries) == (1, 4, 8, 64)
    assert old.map_flags == 1
    (remark,) = spec.remarks
    assert remark.startswith("map 'm' is defined in the form that libbpf 1.0 dropped")


def test_licence_and_version():
    spec = read('u32 _version SEC("version") = 0x50800; SEC("xdp") int p(void *c) { return 0; }')
    assert (spec.license, spec.version) == ("GPL", 0x50800)
    assert spec.programs["p"].license == "GPL"


SAMPLES = {"FUNCTION[+N]": "f", "PATH:FUNCTION[+N]": "/bin/sh:main+4", "GROUP/NAME": "sched/x"}


@pytest.mark.parametrize("kind", SECTION_KINDS.values(), ids=lambda kind: kind.prefix)
def test_every_section_name(kind):
    """Three programs per kind: without a target, with a target, and optional."""
    where = SAMPLES.get(kind.follows, "somewhere")
    names = [kind.prefix, f"{kind.prefix}/{where}", f"?{kind.prefix}/{where}"]
    text = "".join(
        f'SEC("{name}") int p{number}(void *c) {{ return 0; }}' for number, name in enumerate(names)
    )
    spec = read(text)
    sleepable = kind.prefix.endswith(".s") or kind.prefix == "syscall"
    for name, place, one in zip(names, ("", where, where), spec.programs.values(), strict=True):
        assert (one.prog_type, one.expected_attach_type) == (kind.prog_type, kind.attach_type)
        assert (one.section, one.attach_to) == (name.removeprefix("?"), place)
        assert one.autoload == (not name.startswith("?"))
        assert bool(one.prog_flags & BPF_F_SLEEPABLE) == sleepable


PASS = 'SEC("xdp") int p(void *c) { return 0; }'
USES_M = 'SEC("xdp") int p(void *c) { return (u64)&m; }'
WRONG = [
    (
        'extern int nowhere; SEC("xdp") int p(void *c) { return nowhere; }',
        FormatError,
        (
            "unresolved reference to 'nowhere': the symbol is not defined; define "
            "the variable in this file, or declare the symbol with __ksym"
        ),
    ),
    (
        'extern int get_nprocs(void); SEC("xdp") int p(void *c) { return get_nprocs(); }',
        FormatError,
        "unresolved call to 'get_nprocs': the function is not defined in this object",
    ),
    (
        'u64 bpf_ktime_get_ns(void); SEC("xdp") int p(void *c) { return bpf_ktime_get_ns(); }',
        FormatError,
        "the helper's prototype is missing; add #include <bpf/bpf_helpers.h>",
    ),
    (
        'struct { int n[5]; } m SEC("MAPS") = {{ 1 }};' + USES_M,
        FormatError,
        "the symbol is in section MAPS, but maps must be in section .maps; write struct",
    ),
    (
        'int m SEC("mydata") = 1;' + USES_M,
        FormatError,
        'write SEC(".data.mydata"), or SEC(".rodata.mydata") for constants, or omit SEC()',
    ),
    (
        'int x; int *pointer = &x; SEC("xdp") int p(void *c) { return *pointer; }',
        UnsupportedError,
        "section .data contains addresses",
    ),
    (
        'struct { __uint(type, 1); __uint(colour, 3); } m SEC(".maps");' + USES_M,
        FormatError,
        "the definition of map 'm' is invalid: 'colour' is not a map attribute",
    ),
    (
        'struct { __uint(type, 999); } m SEC(".maps");' + USES_M,
        FormatError,
        "unknown map type 999",
    ),
]


@pytest.mark.parametrize(("text", "error", "message"), WRONG, ids=[row[2][:30] for row in WRONG])
def test_errors_name_the_cause(text, error, message):
    with pytest.raises(error) as caught:
        read(text)
    assert message in str(caught.value)


def test_big_endian_objects_are_not_supported():
    with pytest.raises(UnsupportedError, match="big-endian; compile with -target bpfel"):
        read(PASS, "-target", "bpfeb")


def test_map_definitions_require_btf():
    with pytest.raises(FormatError, match=r"section \.maps without BTF; compile with -g"):
        read('struct { __uint(type, 1); } m SEC(".maps");' + USES_M, "-g0")


def test_programs_in_sections_of_unknown_names_have_no_type():
    spec = read('SEC("something/else") int p(void *c) { return 0; }')
    assert spec.programs["p"].prog_type == 0


def test_an_object_without_code():
    spec = read("")
    assert not spec.programs


def test_an_object_for_another_machine():
    with pytest.raises(RawbpfError, match="contains no BPF: the file is for x86-64"):
        read("int main() { return 0; }", "-target", "x86_64")
