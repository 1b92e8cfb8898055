"""Commands of the stepper that go somewhere. They show what changed, and what is next."""

# ruff: noqa: D403 -- `help` shows these docstrings, which begin with what is typed

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.cli.local.prompt import Prompt, count, nothing
from rawbpf.cli.local.show import change_line, here
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.machine.snapshot import changes, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Moves"]


class Moves(Prompt):
    """step, next, finish, continue, back, restart."""

    def _go(self, move: Callable[[], None]) -> None:
        before = snapshot(self.stepper.machine)
        move()
        machine, error = self.stepper.machine, self.stepper.error
        self.say(change_line(machine, change) for change in changes(before, machine))
        if machine.finished:
            self.say([f"finished after {machine.steps} instructions, r0 = {machine.registers[0]}"])
            return
        self.say(here(machine))
        if error is not None:
            self.say([f"stopped: {RawbpfError.__str__(error)}"])

    def _forward(self, move: Callable[[], None]) -> None:
        if self.stepper.over:
            raise UsageError("the program is over", fix="go back, or restart")
        self._go(move)

    def do_step(self, arg: str) -> None:
        """step [COUNT]: go on by one instruction, or COUNT; into functions and callbacks."""
        times = count(arg)
        self._forward(lambda: self.stepper.step(times))

    def do_next(self, arg: str) -> None:
        """next: go on by one instruction; what it calls runs to its end."""
        nothing(arg)
        self._forward(self.stepper.next)

    def do_finish(self, arg: str) -> None:
        """finish: go on until this function has returned."""
        nothing(arg)
        self._forward(self.stepper.finish)

    def do_continue(self, arg: str) -> None:
        """continue: go on to a breakpoint, to what stops the program, or to its end."""
        nothing(arg)
        self._forward(self.stepper.go)

    def do_back(self, arg: str) -> None:
        """back [COUNT]: go back by one instruction, or COUNT."""
        times = count(arg)
        self._go(lambda: self.stepper.back(times))

    def do_restart(self, arg: str) -> None:
        """restart: go back to the start; breakpoints stay."""
        nothing(arg)
        self._go(self.stepper.restart)
