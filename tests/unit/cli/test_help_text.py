"""Help texts on narrow terminals."""

import re
from importlib import import_module

import pexpect
import pytest

from rawbpf.cli.help_text import fitted
from rawbpf.cli.main import COMMANDS, USAGE
from tests.support.command import RAWBPF

TEXTS = [import_module(command.module).USAGE for command in COMMANDS.values()] + [USAGE]


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("text", TEXTS, ids=[*COMMANDS, "rawbpf"])
def test_no_line_is_longer_and_no_word_is_lost(text, width):
    shown = fitted(text, width)
    assert shown.split() == text.split()
    for line in shown.splitlines():
        assert len(line) <= width or len(line.split()) <= 2 or re.match(r" +\S+ +\S+$", line)


@pytest.mark.parametrize("text", TEXTS, ids=[*COMMANDS, "rawbpf"])
def test_wide_terminals_show_the_text_unchanged(text):
    assert fitted(text, 120) == text


def test_a_terminal_with_60_columns():
    shown = pexpect.spawn(
        RAWBPF[0], [*RAWBPF[1:], "inspect", "--help"], encoding="utf-8", dimensions=(24, 60)
    )
    shown.expect(pexpect.EOF)
    assert max(map(len, shown.before.splitlines())) <= 60


@pytest.mark.parametrize("name", COMMANDS)
def test_no_default_is_split_across_lines(name):
    """docopt would not find such a default."""
    usage = import_module(COMMANDS[name].module).USAGE
    assert not re.search(r"\[default:[^\]]*\n", usage)
