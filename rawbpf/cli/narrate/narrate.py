"""``rawbpf narrate``: show and explain each system call that a command makes."""

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

USAGE = """Show and explain each system call that a command makes.

Usage:
  rawbpf narrate [--full | --json | --script] [options] [-v]... [--] [<command>...]

Arguments:
  <command>          A rawbpf command with its arguments. The command's results still go to
                     stdout; the narration goes to stderr, or to FILE.

Options:
  --full             Show every byte that is passed: offset, field, value, the Linux version that
                     added the field, and the memory that pointers refer to.
  --json             Print one JSON object per call; `rawbpf replay` repeats these calls.
  --script           Write a Python script that makes the same calls without rawbpf. Without FILE,
                     the script goes to stdout and the command's output to stderr.
  -o, --output FILE  Write the narration to this file.
  -v, --verbose      Print more detail to stderr.
  -h, --help         Show this help.

`rawbpf COMMAND --narrate`, `--narrate=full` and `--narrate=json` are short forms of this command.
`-vv` is the same as `--narrate`.
"""


def run(arguments: dict[str, Any]) -> int:
    """Run the command with narration and return its exit status."""
    command = arguments["<command>"]
    if not command:
        raise UsageError("no command specified", fix="put the command after --")
    if "guest" in command[:1]:
        fix = "narrate in the guest: rawbpf guest narrate -- kprobe do_exit"
        raise UsageError("calls made in a guest cannot be narrated from outside", fix=fix)
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
    """Yield a function that writes text to a file or to stderr."""
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
    """A file that reports its first write error only when it is closed.

    The file is written while a system call returns, and the call's new descriptor must reach the
    caller even if the disk is full.
    """

    def __init__(self, name: str) -> None:
        try:
            self._stream = Path(name).open("w", encoding="utf-8")  # noqa: SIM115 -- see close()
        except OSError as error:
            raise RawbpfError(f"cannot write {name}", why=error.strerror) from None
        self.error: OSError | None = None

    def write(self, text: str) -> None:
        """Write a text unless an earlier write has failed."""
        if self.error is None:
            self._try(lambda: self._stream.write(text))

    def close(self) -> None:
        """Write buffered text, and close the file."""
        self._try(self._stream.close)

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            self.error = self.error or error


def _script(command: list[str], file: str | None) -> int:
    """Record a command's system calls and write them as a script."""
    from rawbpf.narration.capture.recorder import recorded
    from rawbpf.narration.script.writer import script

    if file is not None:
        if Path(file).is_dir() or not Path(file).absolute().parent.is_dir():
            raise UsageError(
                f"cannot write {file}",
                why=("the path is a directory, or its parent directory does not exist"),
            )
        with recorded() as calls:
            status = _main(command)
        text = script(calls, " ".join(command))  # format the script before the file is truncated
        with _output(file) as write:
            write(text)
        return status
    with _aside(), recorded() as calls:
        status = _main(command)
    write_lines([script(calls, " ".join(command)).removesuffix("\n")])
    return status


@contextmanager
def _aside() -> Iterator[None]:
    """Redirect stdout to stderr, because stdout is reserved for the script."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
        sys.stdout.flush()
    finally:
        os.dup2(kept, 1)
        os.close(kept)
