"""The commands that the documents show, as something that can be run.

A ``console`` block shows what to type behind ``$ ``, and under it what comes back:

    ```console run              runs anywhere: a unit test runs it
    ```console kernel           needs a kernel that can be traced: run in the guest
    ```console kernel exit=1    and ends with that status (0 if not said)
    ```console                  is shown only: it takes root, the network or a pair of hands

What comes back is compared as doctest compares with ELLIPSIS: ``...`` stands for anything, also for
lines; white space and the digits of numbers do not count, for times and pids are never the same.
Nothing below a command: only its exit status counts.

No shell is involved. ``python``, ``pytest``, ``rawbpf``, ``sudo rawbpf``, ``./tools/run`` and
``rawbpf guest`` with any of them are the interpreter that runs the tests: a command that is in a
guest already needs no other.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
from typing import NamedTuple

from rawbpf.cli.arguments import parse
from rawbpf.cli.commands import COMMANDS
from rawbpf.cli.narrate.option import take
from rawbpf.cli.system.guest import USAGE as GUEST
from rawbpf.guest.command import understand
from tests.support.markdown import ROOT, Block, blocks, pages

TIMEOUT = 60


class Command(NamedTuple):
    """One command of a block: what is typed, what should come back."""

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
    """All commands of all pages whose block has the option ``run`` or ``kernel``; None: of all."""
    found = (block for page in pages() for block in blocks(page) if block.language == "console")
    wanted = (block for block in found if option is None or option in block.options)
    return [command for block in wanted for command in _split(block)]


def _split(block: Block) -> list[Command]:
    text = re.sub(r"\\\n\s*", "", block.text)  # a command may go on behind a backslash
    first, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not first.strip(), f"{block.name}: a console block begins with a command"
    return [Command(block, *part.partition("\n")[::2]) for part in parts]


def words_of(typed: str) -> tuple[dict[str, str], list[str]]:
    """Variables set in front, and the words; a comment ends the line."""
    words = shlex.split(typed, comments=True)
    variables = {}
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        name, _, value = words.pop(0).partition("=")
        variables[name] = value
    return variables, words


_NAMES = [["rawbpf"], ["python", "-m", "rawbpf"], ["./tools/run"], [".venv/bin/rawbpf"]]


def rawbpf_words(words: list[str]) -> list[str] | None:
    """What follows ``rawbpf``, however that was spelled; None: it is something else."""
    if words[:1] == ["sudo"]:
        words = words[1:]
    for name in _NAMES:
        if words[: len(name)] == name:
            return words[len(name) :]
    return None


def argv_of(words: list[str]) -> list[str]:
    """The command line to run here."""
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
    """Run it where the project is, and compare."""
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
        f"{command.name}\n--- the page says\n{command.expected}\n--- it said\n{done.stdout}"
    )


def alike(expected: str, said: str) -> bool:
    """Whether ``said`` is what the page shows, as far as such things can be the same."""
    # What the guest says of itself is not said again by those who are inside.
    lines = [line for line in expected.splitlines() if not line.startswith("guest: ")]
    want = "\n".join(lines)
    if not want.strip():
        return True
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(_plain(want), _plain(said), flags)


def _plain(text: str) -> str:
    return re.sub(r"\d+", "0", text).strip() + "\n"
