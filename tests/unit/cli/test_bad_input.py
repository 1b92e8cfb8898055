"""Invalid input is reported in one line, without a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rawbpf.cli.main import main
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import KernelError
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel

ASSEMBLY = Path("bpf_src/hello_kprobe.bpf.s")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            ["load", str(ASSEMBLY), "--pin", ""],
            "--pin is empty; specify a value, or omit the option",
        ),
        (["asm", str(ASSEMBLY), "-o", ""], "--output is empty"),
        (["btf", "show", ""], "invalid name ''"),
        (["btf", "show", "struct "], "invalid name 'struct '"),
        (["link", "show", "tracer"], "links have no names"),
        (["run-local", str(ASSEMBLY), "--budget", "-1"], "--budget is '-1'"),
        (["run-local", str(ASSEMBLY), "--ctx", "xdp", "--data", "/dev/zero"], "larger than 32 MiB"),
        (["step", str(ASSEMBLY), "--commands", "/dev/zero"], "larger than 32 MiB"),
        (
            ["run-local", str(ASSEMBLY), "--data", "/dev/null"],
            "--data requires the context xdp or skb",
        ),
        (["narrate", "--script", "-o", "/tmp", "--", "explain"], "cannot write /tmp"),
        (["narrate", "--script", "-o", "/no/such/x", "--", "explain"], "cannot write /no/such/x"),
        (["gallery", "--list", "--from=docs"], "no gallery programs in docs"),
        (["guest", "--out=/dev/null", "explain"], "cannot create folder /dev/null"),
        (["verify", str(ASSEMBLY), "--skip", "*"], "no program to verify"),
        (["verify", str(ASSEMBLY), "--state", "9" * 5000], "--state is '999"),
        (["run-local", str(ASSEMBLY), "--runs", "9" * 5000], "--runs is '999"),
        (["guest", "--cpus", "9" * 5000, "list"], "--cpus is '999"),
        (["kprobe", "do_exit", "--pid", "9" * 5000], "--pid is '999"),
        (["gallery", "9" * 5000], "no program '999"),
    ],
)
def test_usage_errors(argv, said, capsys):
    assert main(argv) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.err.count("rawbpf: ") == 1
    assert shown.out == ""


STDIN = {"asm": ["asm", "-", "-o", "/dev/null"], "disasm": ["disasm", "-"],
         "run-local": ["run-local", "-"], "replay": ["replay", "-"]}  # fmt: skip


@pytest.mark.parametrize("argv", STDIN.values(), ids=STDIN)
def test_empty_and_endless_stdin(argv, capsys, monkeypatch):
    for file, said in (("/dev/null", ""), ("/dev/zero", "larger than ")):
        with Path(file).open(encoding="utf-8") as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            assert main(argv) in (1, 2)
        err = capsys.readouterr().err
        assert said in err
        assert err.count("rawbpf: ") == 1


def test_an_endless_recording(capsys):
    assert main(["replay", "/dev/zero"]) == 1
    assert "/dev/zero, line 1: the line is larger than 16 MiB" in capsys.readouterr().err


def test_a_module_that_is_not_loaded(capsys):
    assert main(["list", "--module", "no_such_module"]) == 1
    assert "the module is not loaded" in capsys.readouterr().err


def test_a_python_file_that_exits(tmp_path, capsys):
    file = tmp_path / "leaves.py"
    file.write_text("raise SystemExit(3)")
    assert main(["verify", str(file)]) == 2
    assert "the file exited with status 3" in capsys.readouterr().err


def test_a_compiler_that_writes_no_object(tmp_path, capsys):
    source = tmp_path / "a.bpf.c"
    source.write_text("")
    assert main(["inspect", str(source), "--clang", "/bin/true"]) == 1
    assert "/bin/true did not write an object" in capsys.readouterr().err


def test_newlines_and_escape_sequences_in_names_are_escaped(capsys):
    assert main(["inspect", "no\n\x1b[31mfile.bpf.s"]) != 0
    err = capsys.readouterr().err
    assert err.startswith("rawbpf: ")
    assert "\x1b" not in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["load", "verify"])
def test_missing_rights_are_reported_with_a_remedy(command, capsys):
    """The types of an object are the first thing that is loaded."""
    with replaced(FakeKernel(BPF_BTF_LOAD=[-errno.EPERM])):
        assert main([command, str(ASSEMBLY)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("rawbpf: cannot load the object's types: ")
    assert "needs no root" in said


@pytest.mark.parametrize(
    "argv",
    [
        ["--help"],
        ["--version"],
        ["kprobe", "--help"],
        ["narrate", "--script", "explain"],
        ["asm", str(ASSEMBLY), "-o", "-"],
    ],
)
def test_a_full_disk_is_an_error_and_a_closed_pipe_is_not(argv):
    command = [sys.executable, "-m", "rawbpf", *argv]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(
        b"rawbpf: cannot write to stdout: ENOSPC (No space left on device)\n"
    )
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_an_error_between_two_lines_is_not_a_write_error(capsys):
    """A KernelError is an OSError, and the generator of the lines may raise it."""

    def lines():
        yield "one"
        raise KernelError("cannot read the map", errno=errno.EPERM)

    with pytest.raises(KernelError, match="cannot read the map: EPERM"):
        write_lines(lines())
    assert capsys.readouterr().out == "one\n"
