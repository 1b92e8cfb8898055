"""Assembling `.bpf.s` files."""

from pathlib import Path

import pytest

from rawbpf.asm.instruction import Reference
from rawbpf.asm.parse import parse_instruction
from rawbpf.elf.object import open_object
from rawbpf.elf.write import encode_object
from rawbpf.events.log_record import decode_log
from rawbpf.machine import Machine, World, kprobe
from rawbpf.source.assembler import assemble, assemble_file
from rawbpf.tracing.log_program import OUTCOMES, cpu_state_map, events_map, hello_kprobe
from rawbpf.uapi.bpf import bpf_attach_type, bpf_map_flags, bpf_map_type, bpf_prog_type
from rawbpf.uapi.btf import BTF_KIND_DATASEC

BPF_SRC = Path(__file__).parents[3] / "bpf_src"


def program(text, name="p"):
    """Return the code of a program with these lines."""
    return assemble(f'.program {name}, "xdp"\n{text}').programs[name].code


def instructions(*lines):
    return tuple(map(parse_instruction, lines))


def bare(code):
    return tuple(one.bare() for one in code.instructions)


def test_both_dialects_in_one_file():
    code = program("mov r0, 1\nr0 += 2\nexit")
    assert bare(code) == instructions("r0 = 1", "add r0, 2", "exit")


def test_labels_may_be_used_before_they_are_placed():
    code = program(
        """
        top: r0 = 0
             r1 = 1 ll
             if r0 == 0 goto down
             jne r1, 0, top
        a: b: down: exit
        """
    )
    assert bare(code) == instructions(
        "r0 = 0", "r1 = 1 ll", "if r0 == 0 goto +1", "if r1 != 0 goto -5", "exit"
    )


def test_labels_are_local_to_a_function():
    text = '.program p, "xdp"\nl: goto l\nexit\n.program q, "xdp"\nr0 = 0\nl: goto l\nexit'
    spec = assemble(text)
    assert [one.code.instructions[-2].off for one in spec.programs.values()] == [-1, -1]


def test_numbers_in_all_spellings():
    code = program(
        r"""
        .equ SIZE, 4 * (1 + 3)
        .equ LOW, -(SIZE << 2) | 1
        r0 = 0x10
        r0 = 0b1_0000
        r0 = SIZE
        r0 = -SIZE + 32
        r0 = 'A'
        r0 = '\n'
        r0 = 'kprobe t' ll
        r0 = LOW
        r1 = *(u8 *)(r10 - SIZE)
        ldxb r1, [r10 + SIZE - 32]
        r0 = XDP_DROP
        r3 = BPF_F_CURRENT_CPU ll
        exit
        """
    )
    expected = [16, 16, 16, 16, 65, 10, int.from_bytes(b"kprobe t", "little"), -63]
    assert [one.imm for one in code.instructions[:8]] == expected
    assert [one.off for one in code.instructions[8:10]] == [-16, -16]
    assert [one.imm for one in code.instructions[10:12]] == [1, 0xFFFFFFFF]


def test_helpers_by_name_with_and_without_their_prefix_and_number():
    code = program("call 5\ncall ktime_get_ns\ncall bpf_ktime_get_ns\ncall bpf_ktime_get_ns#5")
    assert {one.imm for one in code.instructions} == {5}


def test_maps():
    spec = assemble(
        """
        .map a, hash, key=16, value=u64, entries=1 << 10, flags=BPF_F_NO_PREALLOC
        .map b, BPF_MAP_TYPE_RINGBUF, entries=4096
        .map c, perf_event_array
        .program p, "xdp"
        r1 = a ll
        lddw r2, b
        r3 = map_by_fd(c) ll
        lddw r4, map_val(map_by_fd(a)) + 8
        exit
        """
    )
    a, b, c = spec.maps.values()
    assert (a.map_type, a.key_size, a.value_size) == (bpf_map_type.BPF_MAP_TYPE_HASH, 16, 8)
    assert (a.max_entries, a.map_flags) == (1024, bpf_map_flags.BPF_F_NO_PREALLOC)
    key, value = spec.btf[a.btf_key_type_id], spec.btf[a.btf_value_type_id]
    assert (key.length, value.name) == (16, "u64")
    assert (b.map_type, b.max_entries) == (bpf_map_type.BPF_MAP_TYPE_RINGBUF, 4096)
    assert (c.key_size, c.value_size, c.max_entries) == (4, 4, 0)
    code = spec.programs["p"].code
    assert code.references == {
        0: Reference("map", "a"),
        1: Reference("map", "b"),
        2: Reference("map", "c"),
        3: Reference("map_value", "a", 8),
    }
    assert [one.src for one in code.instructions] == [1, 1, 1, 2, 0]


def test_data_and_references_into_it():
    spec = assemble(
        r"""
        .rodata
        text:  .ascii "h\x69", "!"
        many:  .asciz "a"
               .zero 2
        .data
        one:   .byte 1
        eight: .quad -1, 'a'
        alias: other: .half 7
        .program p, "xdp"
        r1 = many ll
        r1 = eight + 8 ll
        lddw r1, other
        exit
        """
    )
    rodata, data = spec.data[".rodata"], spec.data[".data"]
    assert rodata.contents == b"hi!a\0\0\0"
    assert [one[:3] for one in rodata.variables] == [("text", 0, 3), ("many", 3, 4)]
    assert data.contents == b"\1" + bytes(7) + b"\xff" * 8 + b"a" + bytes(7) + b"\7\0"
    one, eight, alias, other = data.variables
    assert [one.offset for one in data.variables] == [0, 8, 24, 24]
    assert (spec.btf[one.type_id].name, spec.btf[eight.type_id].length) == ("u8", 2)
    assert (alias.type_id, spec.btf[other.type_id].name) == (other.type_id, "u16")
    section = spec.btf.find(".data", BTF_KIND_DATASEC)
    assert [spec.btf[one.type_id].name for one in section.variables] == ["one", "eight", "alias"]
    assert list(spec.programs["p"].code.references.values()) == [
        Reference("map_value", ".rodata", 3),
        Reference("map_value", ".data", 16),
        Reference("map_value", ".data", 24),
    ]
    assert spec.all_maps()[".rodata"].map_flags == bpf_map_flags.BPF_F_RDONLY_PROG
    assert spec.all_maps()[".data"].value_size == 26


def test_functions_are_linked_after_the_programs_that_call_them():
    spec = assemble(
        """
        .program p, "xdp"
        call f
        exit
        .program q, "xdp"
        r2 = g ll
        call local f
        exit
        .function f
        call g
        exit
        .function g
        r0 = 1
        exit
        """
    )
    p, q = (one.code for one in spec.programs.values())
    assert [one[:2] for one in p.functions] == [("p", 0), ("f", 2), ("g", 4)]
    assert [one[:2] for one in q.functions] == [("q", 0), ("g", 4), ("f", 6)]
    for one in (*p.functions, *q.functions):
        assert spec.btf[one.type_id].name == one.name
    assert p.functions[2].type_id == q.functions[1].type_id
    assert p.instructions[0].bare() == parse_instruction("call pc+1")
    assert q.instructions[0].bare() == parse_instruction("r2 = code_addr(+3) ll")


def test_a_function_takes_precedence_over_a_helper():
    spec = assemble('.program p, "xdp"\ncall loop\nexit\n.function loop\nexit')
    assert spec.programs["p"].code.instructions[0].src == 1


def test_program_types_by_section_and_by_setting():
    spec = assemble(
        """
        .license "GPL"
        .program a, "fentry/do_exit"
        exit
        .program b, "mine", type=xdp, attach=BPF_XDP_DEVMAP
        exit
        .program c, "kprobe/f", attach=trace_kprobe_session
        exit
        """
    )
    a, b, c = spec.programs.values()
    assert (a.prog_type, a.section) == (bpf_prog_type.BPF_PROG_TYPE_TRACING, "fentry/do_exit")
    assert (a.attach_to, a.autoload) == ("do_exit", True)
    assert a.expected_attach_type == bpf_attach_type.BPF_TRACE_FENTRY
    assert b.expected_attach_type == bpf_attach_type.BPF_XDP_DEVMAP
    assert c.expected_attach_type == bpf_attach_type.BPF_TRACE_KPROBE_SESSION
    assert {one.license for one in spec.programs.values()} == {"GPL"}


def test_constants_of_included_files(tmp_path):
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc/a.inc").write_text('.include "b.inc"\n.equ A, B + 1 ; comment\n')
    (tmp_path / "inc/b.inc").write_text('.equ B, 1\n.include "a.inc"\n')
    main = tmp_path / "main.bpf.s"
    main.write_text('.include "inc/b.inc"\n.equ C, 1\n.program p, "xdp"\nr0 = B + A - 2\nexit')
    assert assemble_file(main).programs["p"].code.instructions[0].imm == 1


def test_each_instruction_has_its_source_line():
    code = assemble('.program p, "xdp"\n\n  r0 = 0 ; zero\n  exit', "x.bpf.s").programs["p"].code
    assert [str(one.source) for one in code.instructions] == ["x.bpf.s:3", "x.bpf.s:4"]
    assert code.instructions[0].source.read() == "r0 = 0 ; zero"


def test_lines_may_end_with_crlf():
    assert bare(program("r0 = 0\r\nexit\r\n")) == instructions("r0 = 0", "exit")


@pytest.mark.parametrize("path", sorted(BPF_SRC.glob("*.bpf.s")), ids=lambda path: path.name)
def test_the_programs_of_the_repository_assemble(path):
    assert assemble_file(path).programs


def test_the_first_program_sends_the_same_records_in_assembly_and_in_python():
    spec = assemble_file(BPF_SRC / "hello_kprobe.bpf.s")
    python = hello_kprobe()
    text = spec.programs["hello_kprobe"]
    assert (text.prog_type, text.license) == (python.prog_type, python.license)
    maps = [events_map([0, 1]), OUTCOMES, cpu_state_map([0, 1])]
    assert sent(text.code, spec.maps.values()) == sent(python.code, maps)


def sent(code, maps):
    machine = Machine(code, maps, World(pid=7, tgid=6, comm="sh", cpu=1))
    machine.run(kprobe())
    (record,) = machine.maps["events"].records
    return decode_log(record.data)._replace(ktime_ns=0)


PROGRAMS = sorted(path for path in BPF_SRC.rglob("*.bpf.s"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_the_spec_equals_the_one_read_from_the_written_object(path):
    spec = assemble_file(path)
    read = open_object(encode_object(spec))
    assert read._replace(btf=None) == spec._replace(btf=None)
    assert list(read.btf) == list(spec.btf)


def test_kernel_symbols_become_externs():
    text = '.program p, "tc"\ncall kfunc bpf_rcu_read_lock\nr1 = var_addr(runqueues) ll\nexit'
    spec = assemble(text)
    lock, runqueues = spec.externs.values()
    assert (lock.name, lock.kind, lock.weak) == ("bpf_rcu_read_lock", "kfunc", False)
    assert (runqueues.name, runqueues.kind) == ("runqueues", "ksym")
    assert runqueues.type_id != 0
