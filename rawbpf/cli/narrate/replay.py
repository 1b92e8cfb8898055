"""``rawbpf replay``: make recorded calls again, and say where the kernel answers otherwise."""

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

USAGE = """Make recorded system calls again, and compare what the kernel answers.

Usage:
  rawbpf replay FILE [--json] [-v]...

Arguments:
  FILE           What `rawbpf narrate --json` or `--narrate=json` wrote; - for stdin. The calls in
                 it are made as they are: replay what you recorded.

Options:
  --json         One JSON object a call.
  -v, --verbose  Say more on stderr.
  -h, --help     Show this.

Descriptors and addresses get their new values. Not compared: times, ids, the verifier's log, and
how many events ended a sleep. The exit status is 1 if any call differed.
"""

_LONGEST = 1 << 26
"""Bytes of a line: more than any call can have."""


def run(arguments: dict[str, Any]) -> int:
    """Replay; 1 if something differed."""
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
        write_lines([f"{made} call{'s' * (made != 1)}, {different or 'none'} of them different"])
    return 1 if different else 0


def _calls(file: str) -> Iterator[Call]:
    """The calls of a file, or of a command's stderr: what else was said there is no object."""
    from rawbpf.narration.tell.json_line import decode

    number = 0
    for number, line in _objects(file):
        try:
            yield decode(line)
        except RawbpfError as error:
            raise RawbpfError(f"{file}, line {number}", why=str(error)) from None
    if not number:
        fix = "`rawbpf narrate --json -o FILE -- COMMAND` writes some"
        raise RawbpfError(f"there is no recorded call in {file}", fix=fix)


def _objects(file: str) -> Iterator[tuple[int, str]]:
    """The lines that begin like an object, read one by one: a session may have been long."""
    try:
        opened = nullcontext(sys.stdin.buffer) if file == "-" else open_input(file)
        with opened as stream:
            for number in count(1):
                line = stream.readline(_LONGEST + 1)
                if len(line) > _LONGEST:
                    raise RawbpfError(f"{file}, line {number}", why="it is larger than 64 MiB")
                if not line:
                    return
                if line.startswith(b"{"):
                    yield number, line.decode()
    except OSError as error:
        raise UsageError(f"cannot read {file}", why=error.strerror) from None
    except UnicodeDecodeError as error:
        raise RawbpfError(f"{file}, line {number}", why=f"it is no text: {error.reason}") from None


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
