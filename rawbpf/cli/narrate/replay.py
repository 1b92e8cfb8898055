"""``rawbpf replay``: make recorded calls again and compare the results."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from itertools import count
from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import write_lines
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.input_file import open_input

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.narration.capture.call import Call
    from rawbpf.narration.replay.session import Outcome

__all__ = ["USAGE", "run"]

USAGE = """Repeat recorded system calls and compare the results.

Usage:
  rawbpf replay FILE [--json] [-v]...

Arguments:
  FILE           The output of `rawbpf narrate --json` or `--narrate=json`, or - for stdin. The
                 calls are repeated as recorded, so replay only recordings that you trust.

Options:
  --json         Print one JSON object per call.
  -v, --verbose  Print more on stderr.
  -h, --help     Show this help.

File descriptors and addresses are replaced with new ones. Times, IDs, verifier logs and the number
of events that ended a wait are not compared. Exit status: 1 if the result of any call differs.
"""

_LONGEST = 1 << 26
"""Maximum length of a line in bytes; no call needs more."""


def run(arguments: dict[str, Any]) -> int:
    """Replay the calls; return 1 if any of them differed."""
    from rawbpf.kernel.version import raise_memlock_if_needed
    from rawbpf.narration.replay.session import replay

    raise_memlock_if_needed()
    show = _json if arguments["--json"] else _line
    made = different = 0
    for outcome in replay(_calls(arguments["FILE"])):
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
    """Yield the calls in a file, skipping lines of the command's output that are not JSON."""
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
                if len(line) > _LONGEST:
                    raise RawbpfError(
                        f"{file}, line {number}", why="the file is larger than 64 MiB"
                    )
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


def _line(outcome: Outcome) -> Iterator[str]:
    from rawbpf.narration.tell.line import format_call

    yield f"{'≠' if outcome.differences else '='} {format_call(outcome.call)}"
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
        }
    )
