"""``rawbpf step``: go through a program at a prompt, forward and back."""

from __future__ import annotations

from typing import Any

from rawbpf.cli.local.options import ARGUMENTS, NOTES, OPTIONS, settings
from rawbpf.cli.local.stepper_commands import StepperCommands
from rawbpf.cli.objects.object_file import read_bytes
from rawbpf.errors import UsageError
from rawbpf.machine.stepper import Stepper

__all__ = ["USAGE", "run"]

USAGE = f"""Step through a program, forward and back, in a machine of Python.

Usage:
  rawbpf step FILE [options] [--set=ENTRY]... [-v]...
{ARGUMENTS}
Options:{OPTIONS}  --commands FILE  Do these, a line each, instead of asking; # begins a remark.
  -v, --verbose    Say more on stderr.
  -h, --help       Show this.

At the prompt, `help` lists the commands: step, next, continue, finish, back, break, registers ...
{NOTES}
  rawbpf step bpf_src/hello_kprobe.bpf.s
"""


def run(arguments: dict[str, Any]) -> int:
    """Ask until there is no more, or do what the file says."""
    script = _lines(arguments["--commands"])
    if arguments["FILE"] == "-" and script is None:
        raise UsageError("stdin cannot be both the program and the prompt", fix="name a file")
    chosen = settings(arguments)
    prompt = StepperCommands(Stepper(chosen.start, chosen.budget))
    if script is None:
        prompt.ask()
    else:
        prompt.follow(script, arguments["--commands"])
    return 0


def _lines(file: str | None) -> list[str] | None:
    """The commands in a file."""
    if file is None:
        return None
    try:
        return read_bytes(file).decode().splitlines()
    except UnicodeDecodeError:
        raise UsageError(f"cannot read {file}", why="that is no text") from None
