"""``rawbpf asm`` and ``rawbpf disasm`` on the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rawbpf.cli.main import main
from rawbpf.elf.read import is_elf
from tests.support.command import RAWBPF, rawbpf

TEXT = """\
.license "GPL"
.map hits, array, key=u32, value=u64, entries=1
.program hello, "xdp"
        r1 = hits ll        ; the map
        call f
        if r0 == 0 goto out
        r0 = 1
out:    exit
.function f
        r0 = 0
        exit
"""

LISTING = """\
section .text
f:
;   10  r0 = 0
     0  b7 00 00 00 00 00 00 00  r0 = 0
;   11  exit
     1  95 00 00 00 00 00 00 00  exit

section xdp
hello:
;    4  r1 = hits ll        ; the map
     0  18 01 00 00 00 00 00 00  r1 = hits ll
        00 00 00 00 00 00 00 00
;    5  call f
     2  85 10 00 00 ff ff ff ff  call f
;    6  if r0 == 0 goto out
     3  15 00 01 00 00 00 00 00  if r0 == 0 goto L1
;    7  r0 = 1
     4  b7 00 00 00 01 00 00 00  r0 = 1
;    8  out:    exit
L1:
     5  95 00 00 00 00 00 00 00  exit
"""

RETURN_ONE = "b7 00 00 00 01 00 00 00 95 00 00 00 00 00 00 00"


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "hello.bpf.s"
    path.write_text(TEXT)
    return path


@pytest.fixture
def object_file(source):
    assert main(["asm", str(source)]) == 0
    return source.with_suffix(".o")


def disasm(capsys, *words):
    assert main(["disasm", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_the_object_is_written_beside_its_source(object_file):
    assert object_file.name == "hello.bpf.o"
    assert is_elf(object_file.read_bytes())


def test_the_object_is_written_to_the_named_file(source, tmp_path):
    assert main(["asm", str(source), "-o", str(tmp_path / "x")]) == 0
    assert is_elf((tmp_path / "x").read_bytes())


def test_from_stdin_to_stdout_and_back(source):
    words = [sys.executable, "-m", "rawbpf"]
    made = subprocess.run([*words, "asm", "-"], input=source.read_bytes(), capture_output=True)
    assert (made.returncode, made.stderr) == (0, b"")
    shown = subprocess.run([*words, "disasm", "-"], input=made.stdout, capture_output=True)
    assert shown.stdout.decode() == LISTING.replace("f:\n", "f:\n; <stdin>\n", 1).replace(
        "hello:\n", "hello:\n; <stdin>\n"
    )


def test_listing(object_file, source, capsys):
    listing = disasm(capsys, object_file)
    assert listing.replace(f"; {source}\n", "") == LISTING


def test_one_program_or_function(object_file, capsys):
    words = ("--no-source", "--dialect", "mnemonic", "--program")
    assert disasm(capsys, object_file, *words, "f") == (
        "section .text\nf:\n"
        "     0  b7 00 00 00 00 00 00 00  mov r0, 0\n"
        "     1  95 00 00 00 00 00 00 00  exit\n"
    )
    assert "lddw r1, hits" in disasm(capsys, object_file, *words, "hello")
    assert disasm(capsys, object_file, *words, "xdp").startswith("section xdp\nhello:\n")


def test_json(object_file, source, capsys):
    rows = [json.loads(line) for line in disasm(capsys, object_file, "--json").splitlines()]
    assert rows[2] == {
        "section": "xdp",
        "function": "hello",
        "slot": 0,
        "label": None,
        "bytes": "1801000000000000" + "0" * 16,
        "text": "r1 = hits ll",
        "source": {
            "file": str(source),
            "line": 4,
            "column": 0,
            "text": "r1 = hits ll        ; the map",
        },
    }
    assert [row["label"] for row in rows].index("L1") == 6


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex(RETURN_ONE),
        RETURN_ONE.encode(),
        RETURN_ONE.replace(" ", "").upper().encode() + b"\n",
        ("0x" + RETURN_ONE.replace(" ", ", 0x")).encode(),
        ("\\x" + RETURN_ONE.replace(" ", "\\x")).encode(),
    ],
)
def test_raw_bytes_and_hex(data, tmp_path, capsys):
    (tmp_path / "code").write_bytes(data)
    assert disasm(capsys, tmp_path / "code") == (
        "     0  b7 00 00 00 01 00 00 00  r0 = 1\n     1  95 00 00 00 00 00 00 00  exit\n"
    )


@pytest.mark.parametrize("code", ["b7" * 31, f"{RETURN_ONE} " * 100, "0xb7," * 50])
def test_a_typo_in_hex_input_is_found_at_once(code, tmp_path, capsys):
    (tmp_path / "code").write_text(code + "g")
    assert "is a text file that does not contain hex bytes" in fails(
        capsys, 1, "disasm", tmp_path / "code"
    )


def test_colors_appear_on_terminals_only(object_file, capsys, monkeypatch):
    assert "\x1b" not in disasm(capsys, object_file)
    assert "\x1b[" in disasm(capsys, object_file, "--color", "always")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert "\x1b[" in disasm(capsys, object_file)
    assert "\x1b" not in disasm(capsys, object_file, "--color", "never")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in disasm(capsys, object_file)


def test_escape_sequences_in_a_file_do_not_reach_the_terminal(object_file, capsys):
    data = object_file.read_bytes().replace(b"r0 = 0", b"\x1b[2J  ")
    object_file.write_bytes(data.replace(b"hello\0", b"h\x1b[Ho\0"))
    listing = disasm(capsys, object_file)
    assert "\x1b" not in listing
    assert "\\x1b[2J" in listing


def fails(capsys, status, *words):
    assert main([*map(str, words)]) == status
    return capsys.readouterr().err


def test_errors_in_the_text_are_shown_with_v(tmp_path, capsys):
    path = tmp_path / "bad.bpf.s"
    path.write_text('.program p, "xdp"\n  r0 = r1 2\n')
    shown = fails(capsys, 1, "asm", path, "-v")
    assert f"rawbpf: {path}:2:11: unexpected '2'; expected the end of the line" in shown
    assert "      r0 = r1 2\n              ^\n" in shown
    assert not path.with_suffix(".o").exists()


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["asm", "none.bpf.s"], 2, "cannot read none.bpf.s: No such file or directory"),
        (["disasm", "none"], 2, "cannot read none: No such file or directory"),
        (["disasm", "--dialect", "intel", "x"], 2, "--dialect is 'intel'; use c or mnemonic"),
        (["disasm", "--color", "red", "x"], 2, "--color is 'red'; use `auto`, `always` or `never`"),
        (["disasm", "empty"], 1, "empty is empty"),
        (["disasm", "garbage"], 1, "offset 0x0: unknown opcode 0xff"),
        (
            ["disasm", os.__file__],
            1,
            "is a text file that does not contain hex bytes; assemble the file with `rawbpf asm`",
        ),
        (["disasm", sys.executable], 1, "this ELF file contains no BPF"),
        (
            ["disasm", "hello.bpf.o", "--program", "no"],
            2,
            "no program, function or section 'no': the file contains: ",
        ),
        (
            ["asm", "empty"],
            2,
            "empty contains no programs; start a program with .program NAME, SECTION",
        ),
        (["asm", "hello.bpf.s", "-o", "/nowhere/x"], 1, "cannot write /nowhere/x: ENOENT"),
    ],
)
def test_invalid_input_is_reported_in_one_line(
    words, status, message, object_file, tmp_path, capsys, monkeypatch
):
    assert object_file
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "garbage").write_bytes(b"\xff" * 8)
    monkeypatch.chdir(tmp_path)
    assert message in fails(capsys, status, *words)


def test_a_closed_pipe_is_not_an_error(object_file):
    command = f"{' '.join(RAWBPF)} disasm {object_file} | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_object_is_not_written_to_a_terminal(source):
    import pty

    parent, child = pty.openpty()
    try:
        done = subprocess.run([*RAWBPF, "asm", str(source), "-o", "-"], stdout=child,
                              stderr=subprocess.PIPE, text=True)  # fmt: skip
    finally:
        os.close(parent)
        os.close(child)
    assert (done.returncode, done.stderr) == (
        2,
        "rawbpf: cannot write an object to a terminal; specify an output file: -o FILE\n",
    )


def test_help():
    for command in ("asm", "disasm"):
        assert "Usage:" in rawbpf(command, "--help").stdout


def test_files_of_the_repository(capsys, tmp_path):
    for path in (Path(__file__).parents[3] / "bpf_src").glob("*.bpf.s"):
        assert main(["asm", str(path), "-o", str(tmp_path / "o")]) == 0
        assert f"\n{path.name.removesuffix('.bpf.s')}:\n" in disasm(capsys, tmp_path / "o")
