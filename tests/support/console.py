"""Run the commands shown in the documentation, and compare their output.

A ``console`` block shows commands after ``$ ``, and below each command its output:

    ```console run              runs anywhere; a unit test runs it
    ```console kernel           needs a kernel that can be traced; runs in the guest
    ```console kernel exit=1    ends with this exit status (default: 0)
    ```console                  is not run: it needs root, the network or a user

Output is compared as doctest does with ELLIPSIS: ``...`` matches any text, including line breaks.
White space and digits are ignored, because times and process IDs differ. If a command is shown
without output, only its exit status is checked.

No shell is used. ``python``, ``pytest``, ``rawbpf``, ``sudo rawbpf`` and ``./tools/run`` all run
with the interpreter that runs the tests. ``rawbpf guest`` before a command is removed, because the
command already runs in a guest.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
from typing import NamedTuple

from rawbpf.cli.arguments import parse
from rawbpf.cli.main import COMMANDS
from rawbpf.cli.narrate_option import take
from rawbpf.cli.system.guest import USAGE as GUEST
from rawbpf.guest.command import understand
from tests.support.markdown import ROOT, Block, blocks, pages

TIMEOUT = 60


class Command(NamedTuple):
    """A command of a block: the line as typed, and the expected output."""

    block: Block
    typed: str
    expected: str

    @property
    def name(self) -> str:
        return f"{self.block.name} {self.typed}"

    @property
    def status(self) -> int:
        said = [o.removeprefix("exit=") for o in self.block.options if o.startswith("exit=")]
        return int(said[0]) if said else 0


def commands(option: str | None = None) -> list[Command]:
    """Return the commands in blocks with the option ``run`` or ``kernel``, or in all blocks."""
    found = (block for page in pages() for block in blocks(page) if block.language == "console")
    wanted = (block for block in found if option is None or option in block.options)
    return [command for block in wanted for command in _split(block)]


def _split(block: Block) -> list[Command]:
    text = re.sub(r"\\\n\s*", "", block.text)  # a backslash continues a command on the next line
    first, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not first.strip(), f"{block.name}: a console block must start with a command"
    return [Command(block, *part.partition("\n")[::2]) for part in parts]


def words_of(typed: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables set before a command, and its words without a comment."""
    words = shlex.split(typed, comments=True)
    variables = {}
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    return variables, words


_NAMES = [["rawbpf"], ["python", "-m", "rawbpf"], ["./tools/run"], [".venv/bin/rawbpf"]]


def rawbpf_words(words: list[str]) -> list[str] | None:
    """Return the words after ``rawbpf`` in any of its spellings, or None for another command."""
    if words[:1] == ["sudo"]:
        words = words[1:]
    for name in _NAMES:
        if words[: len(name)] == name:
            return words[len(name) :]
    return None


def argv_of(words: list[str]) -> list[str]:
    """Return the command line with which to run the command here."""
    own = rawbpf_words(words)
    if own is not None and own[:1] == ["guest"]:
        words, how = take(own)
        inside = parse(GUEST, words)["<command>"]
        return understand([f"--narrate={how}"] * bool(how) + inside, COMMANDS).argv
    if own is not None:
        return [sys.executable, "-m", "rawbpf", *own]
    assert words[0] in ("python", "pytest"), f"cannot run {words[0]!r} without a shell"
    return understand(words, COMMANDS).argv


def check(command: Command) -> None:
    """Run the command in the project's folder, and compare its output."""
    variables, words = words_of(command.typed)
    done = subprocess.run(
        argv_of(words),
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == command.status, f"{command.name}\n{done.stdout}"
    assert alike(command.expected, done.stdout), (
        f"{command.name}\n--- expected by the page\n{command.expected}\n--- printed\n{done.stdout}"
    )


def alike(expected: str, said: str) -> bool:
    """Return whether the output matches what the page shows, ignoring what differs each time."""
    # The messages of `rawbpf guest` do not appear inside a guest.
    lines = [line for line in expected.splitlines() if not line.startswith("guest: ")]
    want = "\n".join(lines)
    if not want.strip():
        return True
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(_plain(want), _plain(said), flags)


def _plain(text: str) -> str:
    return re.sub(r"\d+", "0", text).strip() + "\n"
