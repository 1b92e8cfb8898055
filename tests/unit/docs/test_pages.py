"""Check that links in the pages have targets, and that the commands in them are valid."""

import re
from importlib import import_module

import pytest

from rawbpf.cli.arguments import parse
from rawbpf.cli.main import COMMANDS
from rawbpf.cli.narrate_option import take
from tests.support import console
from tests.support.markdown import ROOT, anchors, blocks, links, pages, prose

PAGES = pages()
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
COMMAND_LINES = console.commands()
RUNNABLE = console.commands("run")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_have_targets(page):
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} does not exist"
        assert target.is_relative_to(ROOT), f"{link} is outside the project"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: {sorted(anchors(target))}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_in_the_text_exist(page):
    for name in re.findall(r"`(?:sudo )?(?:python -m )?rawbpf ([a-z]+)[ `]", prose(page)):
        assert name in {*COMMANDS, "help"}
    for path in re.findall(r"\./(tools/[\w-]+)", page.read_text()):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("command", COMMAND_LINES, ids=lambda c: c.name)
def test_command_lines_are_valid(command):
    """Parse the command lines, including those after `rawbpf guest`, without running them."""
    _, words = console.words_of(re.split(r" [|>] ", command.typed)[0])
    words, _ = take(console.rawbpf_words(words) or [])
    while words and words[0] in COMMANDS:
        arguments = parse(import_module(COMMANDS[words[0]].module).USAGE, words)
        words = (arguments or {}).get("<command>")


@pytest.mark.parametrize("command", RUNNABLE, ids=lambda c: c.name)
def test_commands_print_what_the_page_shows(command):
    console.check(command)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_options_of_console_blocks_are_known(page):
    for block in blocks(page):
        if block.language == "console":
            known = (o in ("run", "kernel") or re.fullmatch(r"exit=\d+", o) for o in block.options)
            assert all(known), block.name


@pytest.mark.parametrize("name", ["docs/commands.md", "CHANGELOG.md"])
def test_every_command_is_mentioned(name):
    text = (ROOT / name).read_text()
    assert [c for c in COMMANDS if f"rawbpf {c}" not in text] == []


def test_different_output_is_detected():
    assert console.alike("a 12 ...\n...\nend", "a   345 x y\nwhatever\n\nend\n")
    assert not console.alike("a 12", "b 12")
    assert not console.alike("a\n...\nend", "a\nb\n")


def test_pages_are_found():
    assert ROOT / "README.md" in PAGES
    assert RUNNABLE
