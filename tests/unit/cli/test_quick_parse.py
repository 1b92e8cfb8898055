"""Command lines parsed without docopt give docopt's result."""

from importlib import import_module

import pytest
from docopt import DocoptExit, docopt
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.cli.main import COMMANDS
from rawbpf.cli.quick_parse import quick_parse

USAGES = {name: import_module(command.module).USAGE for name, command in COMMANDS.items()}

ORDINARY = {
    "kprobe": [["vfs_read"], ["vfs_read", "-d", "2", "--json"], ["-vv", "-p", "1", "-r", "f"]],
    "list": [[], ["tcp_*"]],
    "doctor": [["-v"]],
    "run": [["x.bpf.o", "--set", "a=1", "--set=b=2", "-d", "0.5", "--at", "x=lo"]],
    "load": [["x.bpf.o", "--skip", "one", "--skip", "two", "-v"]],
    "disasm": [["x.bpf.o", "--json"]],
    "verify": [["x.bpf.s"]],
}


def with_docopt(name, words):
    try:
        return dict(docopt(USAGES[name], [name, *words], default_help=False))
    except DocoptExit:
        return None


@pytest.mark.parametrize(
    ("name", "words"), [(name, words) for name, lines in ORDINARY.items() for words in lines]
)
def test_ordinary_lines_need_no_docopt(name, words):
    assert quick_parse(USAGES[name], [name, *words]) == with_docopt(name, words) is not None


def words_for(usage):
    """Return words that are likely to occur: options of the usage, in all spellings, and values."""
    names = {word.strip("[],.").partition("=")[0] for word in usage.split() if word[:1] in "-["}
    options = sorted(name for name in names if name.startswith("-"))
    shortened = [name[:-1] for name in options if len(name) > 3]
    attached = [f"{name}=3" for name in options] + [f"{name}3" for name in options]
    return [*options, *shortened, *attached, "x", "2", "a=1", "-", "--", "", "-vv", "--v", "-vd"]


@given(st.data())
def test_any_line_gives_the_result_of_docopt_or_none(data):
    name = data.draw(st.sampled_from(sorted(USAGES)))
    words = data.draw(st.lists(st.sampled_from(words_for(USAGES[name])), max_size=5))
    result = quick_parse(USAGES[name], [name, *words])
    if result is not None:
        assert result == with_docopt(name, words)
