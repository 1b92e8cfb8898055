"""The entry point: help, usage errors, levels of messages, closed streams."""

import os
import shlex
import subprocess
import sys

import pytest

from rawbpf.cli.main import COMMANDS, main


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"  {name} " in out
        assert command.summary in out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name, capsys):
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr()
    assert "Usage:" in shown.out
    assert f"rawbpf {name}" in shown.out
    assert shown.err == ""


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "no command given"),
        (["kprobee"], "did you mean kprobe?"),
        (["--frobnicate"], "unknown option '--frobnicate'"),
        (["kprobe"], "FUNCTION"),
        (["kprobe", "f", "g"], "Usage:"),
        (["kprobe", "f", "--nonsense"], "--nonsense"),
        (["kprobe", "f", "-d"], "-d"),
    ],
)
def test_usage_errors_exit_with_2_and_print_the_usage_on_stderr(argv, said, capsys):
    assert main(argv) == 2
    shown = capsys.readouterr()
    assert said in shown.err
    assert "Usage:" in shown.err
    assert shown.out == ""


def test_an_unknown_level_is_a_usage_error(monkeypatch, capsys):
    monkeypatch.setenv("RAWBPF_LOG", "loud")
    assert main(["--version"]) == 0  # nothing is printed on stderr, so the level is not read
    assert main(["kprobe", "f"]) == 2
    assert "use `debug`, `info`, `warning` or `error`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "environment", "level"),
    [
        ([], "", "info"),
        (["-v"], "", "debug"),
        (["-v"], "error", "warning"),
        (["-vv"], "error", "info"),
        (["--verbose"], "warning", "info"),
        ([], "debug", "debug"),
    ],
)
def test_v_raises_the_level_set_by_rawbpf_log(argv, environment, level, monkeypatch):
    from rawbpf.cli import terminal

    monkeypatch.setenv("RAWBPF_LOG", environment)
    main([*argv, "kprobe", "no such function"])
    assert terminal.level() == level


def test_v_also_counts_after_the_command(monkeypatch):
    from rawbpf.cli import terminal

    monkeypatch.setenv("RAWBPF_LOG", "error")
    main(["-v", "kprobe", "no such function", "-v"])
    assert terminal.level() == "info"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["step", "bpf_src/hello_kprobe.bpf.s"], 0, ""),
        (["asm", "-"], 2, "contains no programs"),
        (["disasm", "-"], 1, "stdin is empty"),
        (["replay", "-"], 1, "no recorded calls"),
    ],
)
def test_a_closed_stdin_is_read_as_empty(words, status, said):
    command = f"{shlex.quote(sys.executable)} -m rawbpf {shlex.join(words)} <&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_output_for_a_closed_stdout_is_not_written_to_a_file(tmp_path):
    told = tmp_path / "told"
    words = ["narrate", "--json", "-o", str(told), "--", "explain"]
    command = f"{shlex.quote(sys.executable)} -m rawbpf {shlex.join(words)} >&-"
    subprocess.run(command, shell=True, check=True)
    assert told.read_text() == ""


def test_characters_that_stdout_cannot_encode_are_escaped(tmp_path):
    file = tmp_path / "a.bpf.s"
    file.write_text('.program p, "xdp"\n r0 = 0 ; \N{GREEK SMALL LETTER PI}\n exit\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "rawbpf", "step", str(file), "--commands", os.devnull],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"r0 = 0 ; \u03c0" in done.stdout


@pytest.mark.parametrize("name", ["kprobe", "map", "guest"])
def test_help_with_a_name_is_the_help_of_the_command(name, capsys):
    assert main(["help", name]) == 0
    ours = capsys.readouterr().out
    assert main([name, "--help"]) == 0
    assert ours == capsys.readouterr().out


def test_help_lists_commands_and_suggests_names(capsys):
    assert main(["help"]) == 0
    assert "Commands:" in capsys.readouterr().out
    assert main(["help", "kprob"]) == 2
    assert "did you mean kprobe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "pattern"),
    [
        (["map", "lookup", "7"], "usage: rawbpf map lookup MAP KEY"),
        (["map", "delete"], "usage: rawbpf map delete MAP KEY"),
        (["kprobe"], "usage: rawbpf kprobe FUNCTION"),
    ],
)
def test_usage_errors_show_the_pattern_of_the_subcommand_and_no_options(argv, pattern, capsys):
    assert main(argv) == 2
    said = capsys.readouterr().err
    assert pattern in said.splitlines()[0]
    assert "Options:" not in said
    assert len(said.splitlines()) < 12


def test_a_misspelt_command_for_the_guest_is_suggested(capsys):
    assert main(["guest", "doctorr"]) == 2
    assert "did you mean doctor?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("V003", "RB-V003  Possibly NULL"),
        ("v003", "RB-V003  Possibly NULL"),
        ("EPERM", "RB-E002  A capability is missing"),
        ("R0 invalid mem access", "RB-V003  Possibly NULL"),
        ("R1 invalid mem access 'scalar'", "RB-V011"),
    ],
)
def test_explain_finds_what_is_meant(words, said, capsys):
    assert main(["explain", words]) == 0
    assert said in capsys.readouterr().out
