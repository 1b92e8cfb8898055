"""Objects with an invalid part: reading reports the part, and returns everything else."""

import pytest

from rawbpf.asm.instruction import SLOT
from rawbpf.elf.code import code_sections
from rawbpf.elf.object import open_object, read_spec
from rawbpf.elf.read import ObjectFile
from rawbpf.errors import RawbpfError
from tests.support.clang import compile_object
from tests.support.llvm import run as llvm

TWO_MAPS = """
#define SEC(name) __attribute__((section(name), used))
struct {{ int (*type)[1]; int *key; int *value; int (*max_entries)[1]; {extra} }} bad SEC(".maps");
struct {{ int (*type)[2]; int *key; int *value; int (*max_entries)[4]; }} good SEC(".maps");
extern int missing(int);
static void *(*lookup)(void *map, const void *key) = (void *)1;
SEC("xdp") int first(void *ctx) {{ int key = 0; return lookup(&bad, &key) != 0; }}
SEC("tc") int second(void *ctx) {{ return {call}; }}
"""

POINTER = """
#define SEC(name) __attribute__((section(name), used))
static void *(*random)(void) = (void *)7;
static __attribute__((noinline)) long one(long x) { return (long)random() + x; }
static __attribute__((noinline)) long two(long x) { return (long)random() * x; }
long (*volatile pick)(long);
SEC("xdp") int calls(int *ctx) { pick = *ctx ? one : two; return pick(3); }
SEC("tc") int plain(void *ctx) { return 0; }
"""

UNMARKED = """
    .section "socket/0","ax",@progbits
    .globl prog
prog:
    r0 = 0
    exit
    .section "xdp","ax",@progbits
    r0 = 2
    exit
    .section maps,"aw",@progbits
    .globl first
first:
    .long 1, 4, 8, 16, 0
    .globl second
second:
    .long 2, 4, 8, 32, 0
    .section license,"aw",@progbits
    .asciz "GPL"
"""


def read(data):
    faults = []
    return read_spec(ObjectFile(data), faults.append), [str(fault) for fault in faults]


def compiled(tmp_path, text):
    return compile_object(text, tmp_path / "a.o").read_bytes()


@pytest.mark.parametrize(
    ("extra", "call", "said"),
    [
        ("int (*pinning)[16];", "0", "map 'bad' is invalid: unknown pinning 16"),
        ("int (*colour)[16];", "0", "map 'bad' is invalid: 'colour'"),
        ("", "missing(3)", "'missing'"),
    ],
)
def test_everything_else_is_read(tmp_path, extra, call, said):
    data = compiled(tmp_path, TWO_MAPS.format(extra=extra, call=call))
    spec, (fault,) = read(data)
    assert said in fault
    assert set(spec.programs) == {"first", "second"}
    assert set(spec.maps) == ({"good"} if extra else {"bad", "good"})
    with pytest.raises(RawbpfError, match=said):
        open_object(data)


def test_calls_through_pointers_are_reported_with_their_offset(tmp_path):
    data = compiled(tmp_path, POINTER)
    spec, faults = read(data)
    assert set(spec.programs) == {"calls", "plain"}
    assert any("<stdin>:7" in one for one in faults)
    assert any("unknown opcode 0x8d: clang calls a function through a pointer" in one
               for one in faults)  # fmt: skip
    (section,) = (one for one in code_sections(ObjectFile(data)) if one.name == "xdp")
    (fault,) = section.faults
    assert section.texts[fault.offset // SLOT].startswith("(invalid: unknown opcode 0x8d")


@pytest.fixture
def unmarked(tmp_path):
    source, made = tmp_path / "a.s", tmp_path / "a.o"
    source.write_text(UNMARKED)
    llvm("llvm-mc", "-triple", "bpfel", "-filetype=obj", "-o", str(made), str(source))
    return made.read_bytes()


def test_old_objects_do_not_mark_functions_and_maps(unmarked):
    spec, faults = read(unmarked)
    assert faults == []
    assert {name: one.section for name, one in spec.programs.items()} == {
        "prog": "socket/0",
        "xdp": "xdp",
    }
    assert {name: one.max_entries for name, one in spec.maps.items()} == {"first": 16, "second": 32}
    assert [one.functions for one in code_sections(ObjectFile(unmarked))] == [
        {0: "prog"},
        {},
    ]
