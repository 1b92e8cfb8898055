"""``rawbpf narrate``: a command, and every system call that it makes."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import say, write_lines
from rawbpf.errors import RawbpfError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["USAGE", "run"]

USAGE = """Tell every system call that a command makes, as it makes it, and why.

Usage:
  rawbpf narrate [--full | --json | --script] [options] [-v]... [--] [<command>...]

COMMAND is a rawbpf command with its arguments. What it writes to stdout stays there; what is told
goes to stderr, or to FILE. `rawbpf COMMAND --narrate`, `--narrate=full` and `--narrate=json` are
short for this, and `-vv` for the first.

Options:
  --full             Show every byte that is passed: offset, field, value, the Linux version that
                     added it, and what pointers point to.
  --json             One JSON object a call; `rawbpf replay` makes the same calls again.
  --script           Write a Python file that makes the same calls without rawbpf. If no FILE is
                     given it goes to stdout, and what COMMAND writes there to stderr.
  -o, --output FILE  Where to tell it.
  -v, --verbose      Say more on stderr.
  -h, --help         Show this.
"""


def run(arguments: dict[str, Any]) -> int:
    """Run the command inside a narration; its exit status is ours."""
    command = arguments["<command>"]
    if not command:
        raise UsageError("there is no command to narrate", fix="say it behind --")
    if "guest" in command[:1]:
        fix = "narrate inside: rawbpf guest narrate -- kprobe do_exit"
        raise UsageError("a guest makes no calls that can be told here", fix=fix)
    if arguments["--script"]:
        return _script(command, arguments["--output"])
    how = "full" if arguments["--full"] else "json" if arguments["--json"] else "line"
    from rawbpf.narration.tell.narrator import narrated

    with _output(arguments["--output"]) as write, narrated(write, how):
        return _main(command)


def _main(command: list[str]) -> int:
    from rawbpf.cli.main import main

    return main(command)


@contextmanager
def _output(file: str | None) -> Iterator[Callable[[str], object]]:
    """Where to tell it: a file, or stderr."""
    if file is None:
        yield lambda text: say(text.removesuffix("\n"), at="error")
        return
    told = _File(file)
    try:
        yield told.write
    finally:
        told.close()
    if told.error is not None:
        raise RawbpfError(f"cannot write {file}", why=told.error.strerror)


class _File:
    """A file that keeps its first error for the end.

    It is written to while a call returns, and the descriptor that the call made must reach whoever
    made it, also on a full disk.
    """

    def __init__(self, name: str) -> None:
        try:
            self._stream = Path(name).open("w", encoding="utf-8")  # noqa: SIM115 -- see close()
        except OSError as error:
            raise RawbpfError(f"cannot write {name}", why=error.strerror) from None
        self.error: OSError | None = None

    def write(self, text: str) -> None:
        """Write, unless that has failed before."""
        if self.error is None:
            self._try(lambda: self._stream.write(text))

    def close(self) -> None:
        """Write what is left."""
        self._try(self._stream.close)

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            self.error = self.error or error


def _script(command: list[str], file: str | None) -> int:
    """Record the command, then write what it did as a script."""
    from rawbpf.narration.capture.recorder import recorded
    from rawbpf.narration.script.writer import script

    if file is not None:
        if Path(file).is_dir() or not Path(file).absolute().parent.is_dir():
            raise UsageError(f"cannot write {file}", why="there is no such file to be written")
        with recorded() as calls:
            status = _main(command)
        text = script(calls, " ".join(command))  # before the file is emptied
        with _output(file) as write:
            write(text)
        return status
    with _aside(), recorded() as calls:
        status = _main(command)
    write_lines([script(calls, " ".join(command)).removesuffix("\n")])
    return status


@contextmanager
def _aside() -> Iterator[None]:
    """What goes to stdout goes to stderr: stdout is for the script."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
        sys.stdout.flush()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
