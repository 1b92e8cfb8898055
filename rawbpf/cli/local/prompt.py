"""The stepper's prompt, which reads commands from the terminal or a script.

Each method ``do_NAME`` of a subclass is a command. The ``help`` command shows the method's
docstring.
"""

# ruff: noqa: D403 -- the docstrings start with the command as it is typed

from __future__ import annotations

import cmd
from typing import TYPE_CHECKING

from rawbpf.cli.arguments import whole_number
from rawbpf.cli.local.show import here
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import RawbpfError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.machine.stepper import Stepper

__all__ = ["Prompt", "count", "nothing"]

_SHORT = {
    "s": "step", "n": "next", "c": "continue", "f": "finish", "b": "break", "w": "where",
    "r": "registers", "m": "memory", "l": "list", "h": "help", "?": "help", "q": "quit",
}  # fmt: skip


class Prompt(cmd.Cmd):
    """A prompt for commands that control the given ``stepper``."""

    prompt = "(step) "

    def __init__(self, stepper: Stepper) -> None:
        super().__init__()
        self.stepper = stepper
        self.say = write_lines

    def ask(self) -> None:
        """Read commands from the terminal until quit, Ctrl+C or the end of input."""
        program = self.stepper.machine.where.program
        self.say([f"{program.name}, {program.slots} instructions; `help` lists the commands"])
        self.say(here(self.stepper.machine))
        try:
            self.cmdloop()
        except KeyboardInterrupt:
            self.say([""])

    def follow(self, script: Sequence[str], file: str) -> None:
        """Run the commands in a script, and show each command as if it had been typed.

        Raises UsageError if a command fails.
        """
        self.say(here(self.stepper.machine))
        for number, line in enumerate(script, 1):
            command = line.partition("#")[0].strip()
            if not command:
                continue
            self.say([f"{self.prompt}{command}"])
            try:
                if super().onecmd(self.precmd(command)):
                    break
            except RawbpfError as error:
                raise UsageError(f"{file}:{number}: {error}") from None

    def precmd(self, line: str) -> str:
        """Expand abbreviated commands."""
        word, _, rest = line.strip().partition(" ")
        return f"{_SHORT.get(word, word)} {rest}".strip()

    def onecmd(self, line: str) -> bool:
        """Run one command; if it fails, print the error and return to the prompt."""
        try:
            return bool(super().onecmd(line))
        except RawbpfError as error:
            self.say([str(error)])
        except KeyboardInterrupt:
            self.say(["interrupted", *here(self.stepper.machine)])
        return False

    def default(self, line: str) -> None:
        """Raise a UsageError that reports an unknown command."""
        raise UsageError(f"unknown command {line.split()[0]!r}", fix="`help` lists the commands")

    def do_help(self, arg: str) -> None:
        """help [COMMAND]: list all commands, or describe one."""
        if not arg:
            names = (name for name in self.get_names() if name.startswith("do_"))
            self.say(f"  {_help(getattr(self, name))}" for name in names if name != "do_EOF")
            self.say([f"  {', '.join(f'{short} {long}' for short, long in _SHORT.items())}"])
            return
        command = getattr(self, f"do_{_SHORT.get(arg, arg)}", None)
        if command is None:
            raise UsageError(f"unknown command {arg!r}", fix="`help` lists the commands")
        self.say([_help(command)])

    def do_quit(self, arg: str) -> bool:
        """quit: leave the stepper."""
        nothing(arg)
        return True

    def do_EOF(self, _arg: str) -> bool:  # noqa: N802 -- cmd's name for the end of input
        """Leave the stepper when the input ends."""
        self.say([""])
        return True


def _help(command: object) -> str:
    return " ".join((command.__doc__ or "").split())


def nothing(arg: str) -> None:
    """Raise UsageError if a command without parameters receives arguments."""
    if arg:
        raise UsageError(f"unexpected argument {arg!r}", why="this command takes no arguments")


def count(arg: str) -> int:
    """Parse a repeat count, which defaults to 1."""
    if not arg:
        return 1
    return whole_number(
        arg, "the count", "specify a number of at least 1", lowest=1, highest=1 << 32
    )
