"""C files that a command in a guest names are compiled outside."""

from pathlib import Path

import pytest

from rawbpf.arch import ARM64
from rawbpf.btf.encode import BtfBuilder
from rawbpf.cli.objects.object_file import Target
from rawbpf.cli.system.guest_files import with_objects
from rawbpf.collection.object_source import read_object
from rawbpf.errors import CompileError
from tests.support.peers import peer

COMMANDS = ("load", "run")


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "small.bpf.c"
    path.write_text('__attribute__((section("socket"), used)) int f(void *ctx) { return 0; }\n')
    return str(path)


def test_an_object_stands_for_the_file(source):
    peer("clang-19")
    words = ["run", source, "-d", "1", "--clang", "clang-19"]
    with with_objects(words, COMMANDS) as changed:
        target = Path(changed[1])
        assert changed == ["run", str(target), *words[2:]]
        assert target.name == "small.bpf.o"
        assert target.read_bytes()[:4] == b"\x7fELF"
    assert not target.exists()


def test_a_guest_of_another_architecture_has_its_own_registers(source):
    peer("clang-19")
    Path(source).write_text("""
#include "vmlinux.h"
#include <rawbpf/args.h>
__attribute__((section("kprobe/f"), used)) long f(struct pt_regs *ctx) { return ARG1(ctx); }
""")
    types = BtfBuilder()
    registers = types.add_array(types.add_int("unsigned long", 8), types.add_int("int", 4), 31)
    types.add_struct("user_pt_regs", 248, [("regs", registers, 0)])
    types.add_struct("pt_regs", 248, [("regs", registers, 0)])
    words = ["load", source, "--clang", "clang-19"]
    with with_objects(words, COMMANDS, lambda: Target(ARM64, types.encode())) as changed:
        (program,) = read_object(Path(changed[1])).programs.values()
        assert (
            program.code.instructions[0].off == 0
        )  # x0; on x86-64, the first argument is at offset 112


@pytest.mark.parametrize("words", [["cc", "FILE"], ["load", "absent.bpf.c"], ["load"], []])
def test_other_words_stay(words, source):
    words = [source if word == "FILE" else word for word in words]
    with with_objects(words, COMMANDS) as changed:
        assert changed == words


def test_what_clang_refuses_needs_no_guest(source, capsys):
    peer("clang-14")
    Path(source).write_text("int f(")
    with pytest.raises(CompileError), with_objects(["load", source, "--clang=clang-14"], COMMANDS):
        pass
    assert "error: expected parameter declarator" in capsys.readouterr().err
