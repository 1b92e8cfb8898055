"""``rawbpf step``: step through a program at a prompt, forward and backward."""

from __future__ import annotations

from typing import Any

from rawbpf.cli.local.options import ARGUMENTS, NOTES, OPTIONS, settings
from rawbpf.cli.local.stepper_commands import StepperCommands
from rawbpf.cli.objects.object_file import read_bytes
from rawbpf.errors import UsageError
from rawbpf.machine.stepper import Stepper

__all__ = ["USAGE", "run"]

USAGE = f"""Step through a program forward and back, in a pure-Python eBPF interpreter.

Usage:
  rawbpf step FILE [options] [--set=ENTRY]... [-v]...
{ARGUMENTS}
Options:{OPTIONS}  --commands FILE  Run the commands in this file instead of prompting;
                   one command per line, and # starts a comment.
  -v, --verbose    Print more detail to stderr.
  -h, --help       Show this help.

At the prompt, `help` lists the commands: step, next, continue, finish, back, break, registers ...
{NOTES}
  rawbpf step bpf_src/hello_kprobe.bpf.s
"""


def run(arguments: dict[str, Any]) -> int:
    """Prompt for commands until the end of input, or run the commands in a file."""
    script = _lines(arguments["--commands"])
    if arguments["FILE"] == "-" and script is None:
        raise UsageError(
            "stdin cannot contain both the program and commands",
            fix=("specify a file for the program"),
        )
    chosen = settings(arguments)
    prompt = StepperCommands(Stepper(chosen.start, chosen.budget))
    if script is None:
        prompt.ask()
    else:
        prompt.follow(script, arguments["--commands"])
    return 0


def _lines(file: str | None) -> list[str] | None:
    """Return the commands in a file, or None if no file is given."""
    if file is None:
        return None
    try:
        return read_bytes(file).decode().splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {file}", why="the file is not valid UTF-8") from None
