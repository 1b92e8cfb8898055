"""Shell completions and the man page, which are generated from the help texts."""

import subprocess
from importlib import import_module

import pytest

from rawbpf.cli.main import COMMANDS, main
from rawbpf.cli.system.completion import read_help


@pytest.fixture
def printed(capsys):
    def run(form):
        assert main(["completion", form]) == 0
        return capsys.readouterr().out

    return run


def completed(script, *words):
    """What bash offers for the last word of a line."""
    line = " ".join(f"'{word}'" for word in words)
    code = f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _rawbpf; "
    done = subprocess.run(
        ["bash", "-c", code + 'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["rawbpf", "kp"], {"kprobe"}),
        (["rawbpf", "kprobe", "--dur"], {"--duration"}),
        (["rawbpf", "map", ""], {"list", "show", "dump", "lookup", "update", "delete"}),
        (["rawbpf", "map", "list", "--js"], {"--json"}),
        (["rawbpf", "guest", "--kernel", "6.1", "kprobe", "--dur"], {"--duration"}),
        (["rawbpf", "guest", "verif"], {"verify"}),
        (["rawbpf", "load", "x"], set()),
    ],
)
def test_bash_completes_commands_subcommands_and_options(printed, words, offered):
    assert set(completed(printed("bash"), *words)) == offered


def test_every_option_in_a_help_text_is_completed():
    for name, command in COMMANDS.items():
        text = import_module(command.module).USAGE
        options = {one.long for one in read_help(name, "", text).options}
        described = {
            word.rstrip(",").partition("=")[0].partition("[")[0]
            for line in text.partition("\nOptions:\n")[2].splitlines()
            if line.startswith("  -")
            for word in line.split("  ")[1].split()
            if word.startswith("--")
        }
        assert described <= options, name


def test_zsh_and_fish_get_every_command(printed):
    zsh, fish = printed("zsh"), printed("fish")
    assert zsh.startswith("#compdef rawbpf\n")
    for name, command in COMMANDS.items():
        assert f"'{name}:{command.summary}'" in zsh
        assert f" -a {name} -d '{command.summary}'" in fish


def test_the_man_page_contains_every_help_text(printed):
    page = printed("man")
    assert page.startswith(".TH RAWBPF 1 ")
    plain = page.replace("\\-", "-").replace("\\(aq", "'").replace("\\&", "").replace("\\e", "\\")
    for name, command in COMMANDS.items():
        text = import_module(command.module).USAGE
        assert f'.SH "RAWBPF {name.upper()}"\n.nf\n{text.rstrip()}\n.fi\n' in plain


def test_a_shell_that_is_not_supported(capsys):
    assert main(["completion", "tcsh"]) == 2
    assert "completion (bash | zsh | fish | man)" in capsys.readouterr().err
