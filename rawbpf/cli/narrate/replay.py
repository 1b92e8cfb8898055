"""``rawbpf replay``: repeat recorded system calls and compare the results."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from itertools import count
from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import ask, write_lines
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.input_file import open_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.narration.capture.call import Call
    from rawbpf.narration.replay.session import Outcome

__all__ = ["USAGE", "run"]

USAGE = """Repeat recorded system calls and compare the results.

Usage:
  rawbpf replay FILE [--yes] [--json] [-v]...

Arguments:
  FILE           The output of `rawbpf narrate --json` or `--narrate=json`, or - for stdin.

Options:
  --yes          Do not ask before calls that outlive this command or affect others.
  --json         Print one JSON object per call.
  -v, --verbose  Print more detail to stderr.
  -h, --help     Show this help.

The recorded programs are loaded into the kernel. Replay recordings that you do not trust in a
guest: `rawbpf guest replay FILE`. Replay asks before it attaches a program, creates a probe,
pins or opens an existing object, or changes a map that the recording did not create.

File descriptors and addresses are replaced with new ones. Times, IDs, verifier logs, and the number
of events that ended a wait are not compared. Calls on the standard streams of the recorded command
are marked with - and are not repeated. Exit status: 1 if the result of any call differs.
"""

_LONGEST = 1 << 24
"""The maximum length of a line in bytes.

A long line consists mostly of the bytes of a program or a log.
"""

_MOST_ITEMS = 1 << 19
"""The maximum number of items in a line, each of which takes up to a hundred bytes of memory."""


def run(arguments: dict[str, Any]) -> int:
    """Replay the calls; return 1 if the result of any call differed."""
    from rawbpf.kernel.version import raise_memlock_if_needed
    from rawbpf.narration.replay.session import replay

    raise_memlock_if_needed()
    show = _json if arguments["--json"] else _line
    made = different = 0
    confirm = _ask(arguments["FILE"]) if not arguments["--yes"] else _agree
    for outcome in replay(_calls(arguments["FILE"]), confirm):
        made += 1
        different += bool(outcome.differences)
        write_lines(show(outcome))
    if not arguments["--json"]:
        write_lines(
            [
                (
                    f"{made} call{'s' * (made != 1)} repeated, {different or 'none'} with a "
                    "different result"
                )
            ]
        )
    return 1 if different else 0


def _calls(file: str) -> Iterator[Call]:
    """Yield the calls in a file, skipping the command's output lines, which are not JSON."""
    from rawbpf.narration.tell.json_line import decode

    number = 0
    for number, line in _objects(file):
        try:
            yield decode(line)
        except RawbpfError as error:
            raise RawbpfError(f"{file}, line {number}", why=str(error)) from None
    if not number:
        fix = "record calls with `rawbpf narrate --json -o FILE -- COMMAND`"
        raise RawbpfError(f"{file} contains no recorded calls", fix=fix)


def _objects(file: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that start like JSON objects, without reading the whole file at once."""
    try:
        opened = nullcontext(sys.stdin.buffer) if file == "-" else open_input(file)
        with opened as stream:
            for number in count(1):
                line = stream.readline(_LONGEST + 1)
                _check_size(f"{file}, line {number}", line)
                if not line:
                    return
                if line.startswith(b"{"):
                    yield number, line.decode()
    except OSError as error:
        raise UsageError(f"cannot read {file}", why=error.strerror) from None
    except UnicodeDecodeError as error:
        raise RawbpfError(
            f"{file}, line {number}", why=f"the file is not valid UTF-8: {error.reason}"
        ) from None


def _check_size(name: str, line: bytes) -> None:
    """Raise RawbpfError if decoding a line would take too much memory."""
    if len(line) > _LONGEST:
        raise RawbpfError(name, why=f"the line is larger than {_LONGEST >> 20} MiB")
    if sum(map(line.count, (b",", b"[", b"{"))) > _MOST_ITEMS:
        raise RawbpfError(name, why=f"the line has more than {_MOST_ITEMS} items")


def _agree(_call: Call, _effect: str) -> None:
    """Allow every call, as requested with --yes."""


def _ask(file: str) -> Callable[[Call, str], None]:
    """Return a function that asks on the terminal, and raises an error if the user declines."""
    agreed = False

    def confirm(call: Call, effect: str) -> None:
        nonlocal agreed
        if agreed:
            return
        if file == "-" or not (os.isatty(0) and os.isatty(2)):
            fix = "allow it with --yes, or use a guest: rawbpf guest replay --yes FILE"
            why = f"{effect}, and there is no terminal to ask"
            raise RawbpfError(f"cannot repeat {call.key}", why=why, fix=fix)
        answer = ask(f"{call.key}: {effect}. Make this call? [y]es, [a]ll, [N]o: ")
        agreed = answer in ("a", "all")
        if not agreed and answer not in ("y", "yes"):
            raise RawbpfError(f"stopped before {call.key}", why=f"{effect}, and you did not agree")

    return confirm


def _line(outcome: Outcome) -> Iterator[str]:
    from rawbpf.narration.tell.line import format_call

    mark = ("≠" if outcome.differences else "=") if outcome.repeated else "-"
    yield f"{mark} {format_call(outcome.call)}"
    for difference in outcome.differences:
        yield f"    {difference}"


def _json(outcome: Outcome) -> Iterator[str]:
    from json import dumps

    yield dumps(
        {
            "call": outcome.call.key,
            "then": outcome.call.result,
            "now": outcome.result,
            "differences": list(outcome.differences),
            "repeated": outcome.repeated,
        }
    )
