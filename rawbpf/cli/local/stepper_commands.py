"""The stepper's commands, which either move and show what changed, or show part of the state.

The ``help`` command prints these docstrings, so they start with the command as typed.
"""

# ruff: noqa: D403

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.cli.local.prompt import Prompt, count, nothing
from rawbpf.cli.local.show import (
    address_of,
    change_line,
    dump,
    here,
    instruction_line,
    listing,
    map_lines,
    printed_lines,
    register_text,
    stack_trace,
)
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.machine.memory import listing as region_listing
from rawbpf.machine.snapshot import changes, snapshot
from rawbpf.uapi.bpf_insn import MAX_BPF_STACK

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["StepperCommands"]

_LENGTH = 64


class StepperCommands(Prompt):
    """All commands of the stepper."""

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
            raise UsageError("the program has ended", fix="use `back` or `restart`")
        self._go(move)

    def do_step(self, arg: str) -> None:
        """step [COUNT]: run one instruction, or COUNT, stepping into functions and callbacks."""
        times = count(arg)
        self._forward(lambda: self.stepper.step(times))

    def do_next(self, arg: str) -> None:
        """next: run one instruction, including the functions that it calls."""
        nothing(arg)
        self._forward(self.stepper.next)

    def do_finish(self, arg: str) -> None:
        """finish: run until this function has returned."""
        nothing(arg)
        self._forward(self.stepper.finish)

    def do_continue(self, arg: str) -> None:
        """continue: run to a breakpoint, an error or the end."""
        nothing(arg)
        self._forward(self.stepper.go)

    def do_back(self, arg: str) -> None:
        """back [COUNT]: go back by one instruction, or COUNT."""
        times = count(arg)
        self._go(lambda: self.stepper.back(times))

    def do_restart(self, arg: str) -> None:
        """restart: go back to the start; breakpoints remain."""
        nothing(arg)
        self._go(self.stepper.restart)

    def do_where(self, arg: str) -> None:
        """where: show the call stack, innermost function first."""
        nothing(arg)
        self.say(stack_trace(self.stepper.machine))

    def do_list(self, arg: str) -> None:
        """list: show the instructions around the next one (->); * marks breakpoints."""
        nothing(arg)
        self.say(listing(self.stepper.machine, self.stepper.breakpoints))

    def do_registers(self, arg: str) -> None:
        """registers: show all registers and what they point to."""
        nothing(arg)
        machine = self.stepper.machine
        for number, value in enumerate(machine.registers):
            self.say([f"  {f'r{number}':<3} = {register_text(machine, value)}"])

    def do_memory(self, arg: str) -> None:
        """memory ADDRESS [LENGTH]: show bytes at r10-8, context+4, hits[0] or a number."""
        machine = self.stepper.machine
        words = arg.split()
        if not 1 <= len(words) <= 2:
            raise UsageError(
                "`memory` takes an address and a length", fix="write, for example, `memory r10-8 8`"
            )
        address = address_of(machine, words[0])
        if len(words) == 2:
            length = count(words[1])
        else:
            region = machine.memory.region_at(address)
            length = max(min(_LENGTH, region.end - address), 1) if region else 1
        self.say(dump(machine, address, length))

    def do_stack(self, arg: str) -> None:
        """stack: show the stack frame of this function, without unwritten rows."""
        nothing(arg)
        machine = self.stepper.machine
        if not machine.finished:
            stack = machine.frames.stack(len(machine.frames) - 1)
            rows = list(dump(machine, stack.base, MAX_BPF_STACK, skip_garbage=True))
            self.say(rows or ["  the program has not written anything yet"])

    def do_regions(self, arg: str) -> None:
        """regions: list all memory that the program can reach."""
        nothing(arg)
        self.say(region_listing(self.stepper.machine.memory.regions).splitlines()[1:])

    def do_maps(self, arg: str) -> None:
        """maps [NAME]: show the entries of maps and the records written to them."""
        maps = {map_.spec.name: map_ for map_ in self.stepper.machine.maps}
        if arg and arg not in maps:
            raise UsageError(f"no map {arg!r}", why=f"the program uses {', '.join(maps) or 'none'}")
        if not maps:
            self.say(["  the program uses no maps"])
        for name, map_ in maps.items():
            if arg in ("", name):
                self.say(map_lines(map_))

    def do_printed(self, arg: str) -> None:
        """printed: show the output of trace_printk."""
        nothing(arg)
        self.say(
            list(printed_lines(self.stepper.machine))
            or ["  the program has not produced any output yet"]
        )

    def do_break(self, arg: str) -> None:
        """break [PLACE]: stop before a slot, function, FILE:LINE or :LINE; or list breakpoints."""
        machine, breakpoints = self.stepper.machine, self.stepper.breakpoints
        if arg:
            breakpoints.add(machine.code.find(arg))
        for index in sorted(breakpoints):
            where = machine.code.where(index)
            self.say([f"  {where}", f"  {instruction_line(where)}"])

    def do_clear(self, arg: str) -> None:
        """clear [PLACE]: remove one breakpoint, or all."""
        breakpoints = self.stepper.breakpoints
        if not arg:
            breakpoints.clear()
            return
        index = self.stepper.machine.code.find(arg)
        if index not in breakpoints:
            raise UsageError(f"no breakpoint at {arg}")
        breakpoints.discard(index)
