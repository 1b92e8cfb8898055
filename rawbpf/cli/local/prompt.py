"""The prompt of the stepper: asks for a command, or takes it from a script, and does it.

Each method ``do_NAME`` of a class made from this one is a command. The first line of its docstring
is what ``help`` says of it.
"""

# ruff: noqa: D403 -- the docstrings begin with what is typed

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
    """Commands about ``stepper``."""

    prompt = "(step) "

    def __init__(self, stepper: Stepper) -> None:
        super().__init__()
        self.stepper = stepper
        self.say = write_lines

    def ask(self) -> None:
        """Commands from the terminal, until quit, Ctrl+C or the end of input."""
        program = self.stepper.machine.where.program
        self.say([f"{program.name}, {program.slots} instructions; help lists the commands"])
        self.say(here(self.stepper.machine))
        try:
            self.cmdloop()
        except KeyboardInterrupt:
            self.say([""])

    def follow(self, script: Sequence[str], file: str) -> None:
        """Commands from a script, shown as if they were typed. One that fails ends it."""
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
        """Short names stand for long ones."""
        word, _, rest = line.strip().partition(" ")
        return f"{_SHORT.get(word, word)} {rest}".strip()

    def onecmd(self, line: str) -> bool:
        """Do one command; what is wrong with it is said, and the prompt comes back."""
        try:
            return bool(super().onecmd(line))
        except RawbpfError as error:
            self.say([str(error)])
        except KeyboardInterrupt:
            self.say(["interrupted", *here(self.stepper.machine)])
        return False

    def default(self, line: str) -> None:
        """Refuse a word that is no command."""
        raise UsageError(f"unknown command {line.split()[0]!r}", fix="help lists them")

    def do_help(self, arg: str) -> None:
        """help [COMMAND]: list the commands, or say what one does."""
        if not arg:
            names = (name for name in self.get_names() if name.startswith("do_"))
            self.say(f"  {_help(getattr(self, name))}" for name in names if name != "do_EOF")
            self.say([f"  {', '.join(f'{short} {long}' for short, long in _SHORT.items())}"])
            return
        command = getattr(self, f"do_{_SHORT.get(arg, arg)}", None)
        if command is None:
            raise UsageError(f"there is no command {arg!r}", fix="help lists them")
        self.say([_help(command)])

    def do_quit(self, arg: str) -> bool:
        """quit: leave."""
        nothing(arg)
        return True

    def do_EOF(self, _arg: str) -> bool:  # noqa: N802 -- cmd's name for the end of input
        """Leave, on a line of its own."""
        self.say([""])
        return True


def _help(command: object) -> str:
    return " ".join((command.__doc__ or "").split())


def nothing(arg: str) -> None:
    """Refuse words behind a command that takes none."""
    if arg:
        raise UsageError(f"{arg!r} is too much", fix="this command takes nothing")


def count(arg: str) -> int:
    """How often; once if nothing is said."""
    if not arg:
        return 1
    return whole_number(arg, "the count", "give a number from 1 on", lowest=1, highest=1 << 32)
