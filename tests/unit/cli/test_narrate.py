"""``rawbpf narrate``, ``rawbpf replay``, and the option --narrate."""

import ctypes
import json

import pytest

from rawbpf.cli import terminal
from rawbpf.cli.main import main
from rawbpf.syscall.gate import replaced
from tests.support.command import rawbpf
from tests.support.fake_kernel import FakeKernel
from tests.support.told import GOLDEN

LOAD = ["load", "bpf_src/count_by_comm.bpf.s"]


@pytest.fixture(autouse=True)
def kernel(monkeypatch):
    monkeypatch.setenv("RAWBPF_LOG", "")

    def info(_cmd, address, _size):
        ctypes.c_uint32.from_address(address + 4).value = 100
        return 0

    script = {"BPF_BTF_LOAD": [69], "BPF_MAP_CREATE": [70], "BPF_PROG_LOAD": [71]}
    with replaced(FakeKernel(**script, BPF_OBJ_GET_INFO_BY_FD=[info])):
        yield
    terminal.set_level(0)


@pytest.mark.parametrize(
    "argv",
    [
        ["--narrate", *LOAD],
        [*LOAD, "--narrate"],
        ["load", "--narrate=line", *LOAD[1:]],
        [*LOAD, "-vv"],
        ["-v", *LOAD, "-v"],
        ["narrate", "--", *LOAD],
        ["narrate", *LOAD],
    ],
    ids=" ".join,
)
def test_all_spellings_are_equivalent(argv, capsys):
    assert main(argv) == 0
    shown = capsys.readouterr()
    assert "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH" in shown.err
    assert "= 71<prog:count_by_comm>" in shown.err
    assert "    # The verifier checks every path" in shown.err
    assert "bpf(" not in shown.out
    assert "count_by_comm" in shown.out


def test_without_the_option_nothing_is_narrated(capsys):
    assert main([*LOAD, "-v"]) == 0
    assert "bpf(" not in capsys.readouterr().err


def test_full_shows_bytes_and_versions(capsys):
    assert main([*LOAD, "--narrate=full"]) == 0
    said = capsys.readouterr().err
    assert "Linux 4.15  map_name = " in said
    assert "r6 = r1" in said or "call" in said


def test_narration_to_a_file(tmp_path, capsys):
    file = tmp_path / "calls.jsonl"
    assert main(["narrate", "--json", "-o", str(file), "--", *LOAD]) == 0
    assert capsys.readouterr().err == ""
    calls = [json.loads(line) for line in file.read_text().splitlines()]
    assert [call["command"] for call in calls if call["makes"] == "fd"][-2:] == [
        "BPF_MAP_CREATE",
        "BPF_PROG_LOAD",
    ]
    assert main(["replay", str(file)]) == 0
    assert f"{len(calls)} calls repeated, none with a different result" in capsys.readouterr().out


def test_a_replay_that_differs_fails(tmp_path, capsys):
    file = tmp_path / "calls.jsonl"
    assert main(["narrate", "--json", "-o", str(file), "--", *LOAD]) == 0
    with replaced(FakeKernel()):  # every call fails with ENOSYS
        assert main(["replay", str(file)]) == 1
    assert "recorded 70, now ENOSYS" in capsys.readouterr().out
    with replaced(FakeKernel()):
        assert main(["replay", str(file), "--json"]) == 1
    told = map(json.loads, capsys.readouterr().out.splitlines())
    assert {"call": "BPF_MAP_CREATE", "then": 70, "now": -38, "differences": [
        "recorded 70, now ENOSYS"], "repeated": True} in list(told)  # fmt: skip


def test_calls_before_a_damaged_line_are_shown(tmp_path, capsys):
    """Each call is printed when it is made."""
    file = tmp_path / "calls.jsonl"
    assert main(["narrate", "--json", "-o", str(file), "--", *LOAD]) == 0
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:2], "{", *lines[2:]]))
    assert main(["replay", str(file)]) == 1
    shown = capsys.readouterr()
    assert shown.out.count("\n= bpf(") + shown.out.startswith("= bpf(") == 2
    assert f"{file}, line 3: not a recorded call" in shown.err


def test_stdout_contains_only_the_script():
    done = rawbpf(
        "narrate", "--script", "--", "disasm", "-", input="b7 00 00 00 01 00 00 00", stdin=None
    )
    assert done.stdout.startswith('"""Make the system calls of `rawbpf disasm')
    assert "r0 = 1" in done.stderr
    assert "r0 = 1" not in done.stdout
    compile(done.stdout, "script", "exec")


def test_a_script_makes_the_calls(tmp_path, capsys):
    file = tmp_path / "script.py"
    assert main(["narrate", "--script", "-o", str(file), "--", *LOAD]) == 0
    assert "PROGRAM " in capsys.readouterr().out
    assert "count_by_comm = bpf(5, " in file.read_text()
    compile(file.read_text(), "script", "exec")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([*LOAD, "--narrate=loud"], "--narrate is 'loud'; use `line`, `full` or `json`"),
        (["narrate"], "no command specified"),
        (["narrate", "--", "guest", "list"], "narrate in the guest: rawbpf guest narrate"),
        (
            ["guest", "--narrate", "python", "x.py"],
            "--narrate works only with rawbpf's own commands",
        ),
        (["narrate", "--", "lod"], "unknown command 'lod'"),
    ],
)
def test_usage_errors(argv, said, capsys):
    assert main(argv) == 2
    assert said in capsys.readouterr().err


def test_guest_passes_the_option_on(monkeypatch):
    handed = []
    monkeypatch.setattr(
        "rawbpf.cli.system.guest.run", lambda arguments: handed.append(arguments) or 0
    )
    assert main(["guest", "--narrate=full", "kprobe", "do_exit"]) == 0
    assert main(["guest", "--cpus", "1", "kprobe", "do_exit", "--narrate"]) == 0
    assert [arguments["<command>"] for arguments in handed] == [
        ["--narrate=full", "kprobe", "do_exit"],
        ["--narrate=line", "kprobe", "do_exit"],
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"nonsense\n", "contains no recorded calls"),
        (b'guest: Linux\n{"call": 1}\n', "line 2"),
        (b"{\xff\xfe", "line 1: the file is not valid UTF-8"),
        (b"\xff\xfe", "contains no recorded calls"),
        (b"{" + b" " * (1 << 24), "line 1: the line is larger than 16 MiB"),
        (b'{"words": [' + b"0," * (1 << 19), "line 1: the line has more than 524288 items"),
    ],
)
def test_invalid_recordings(content, said, tmp_path, capsys):
    file = tmp_path / "calls"
    file.write_bytes(content)
    assert main(["replay", str(file)]) == 1
    assert said in capsys.readouterr().err


def test_replay_does_not_ask_without_a_terminal(capsys):
    file = GOLDEN.parent / "corpora" / "recordings" / "pin.jsonl"
    kernel = {"BPF_MAP_CREATE": [70], "BPF_OBJ_PIN": [0]}
    with replaced(FakeKernel(**kernel)):
        assert main(["replay", str(file)]) == 1
    assert capsys.readouterr().err == (
        "rawbpf: cannot repeat BPF_OBJ_PIN: this call pins an object at "
        "'/sys/fs/bpf/by_replay', and "
        "there is no terminal to ask; allow it with --yes, or use a guest: rawbpf guest replay "
        "--yes FILE\n"
    )
    with replaced(FakeKernel(**kernel)):
        assert main(["replay", "--yes", str(file)]) == 0


def test_the_help_recommends_a_guest(capsys):
    assert main(["replay", "--help"]) == 0
    assert "rawbpf guest replay FILE" in capsys.readouterr().out


def test_an_unwritable_file(tmp_path, capsys):
    assert main(["narrate", "-o", str(tmp_path / "no" / "file"), "--", *LOAD]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_the_golden_recording_fails_without_a_kernel(capsys):
    with replaced(FakeKernel()):
        assert main(["replay", str(GOLDEN / "kprobe-6.1.jsonl")]) == 1
    assert "recorded 3, now ENOSYS" in capsys.readouterr().out


def test_a_full_disk_is_reported_after_the_command(capsys):
    """The narration is written in several parts before that."""
    argv = ["narrate", "--full", "-o", "/dev/full", "--", *LOAD]
    assert main(argv) == 1
    shown = capsys.readouterr()
    assert "count_by_comm" in shown.out  # the command completed
    assert shown.err == "rawbpf: cannot write /dev/full: No space left on device\n"


def test_a_script_that_is_too_long_leaves_the_file_unchanged(tmp_path, capsys, monkeypatch):
    file = tmp_path / "script.py"
    file.write_text("kept")
    monkeypatch.setattr("rawbpf.narration.script.writer.LONGEST", 3)
    assert main(["narrate", "--script", "-o", str(file), "--", *LOAD]) == 1
    assert "too long for a script" in capsys.readouterr().err
    assert file.read_text() == "kept"
