"""C files that a command in a guest names are compiled outside."""

from pathlib import Path

import pytest

from rawbpf.cli.system.guest_files import with_objects
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
