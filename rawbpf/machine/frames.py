"""The call stack: functions of the program that have not returned, and callbacks of helpers.

Each function has a stack frame of 512 bytes of its own, which r10 points behind, and finds r6 to r9
unset; when it returns, its caller has its own again. The kernel allows eight frames, and all of
them together may use 512 bytes: that is counted by the verifier, and not here.

A helper that calls back (``loop``, ``for_each_map_elem``) is a generator. It yields a function and
its arguments, and is sent the r0 that comes of it; what it returns in the end is its own r0. So a
callback is a frame like any other, and the machine goes on one instruction at a time in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.arithmetic import MASK
from rawbpf.machine.region import STACK, Region
from rawbpf.machine.unset import CLOBBERED, NEVER_WRITTEN
from rawbpf.uapi.bpf_insn import BPF_REG_FP, MAX_BPF_STACK

if TYPE_CHECKING:
    from collections.abc import Generator

    from rawbpf.machine.memory import Memory

    Calls = Generator[tuple[int, tuple[int, ...]], int, int]

__all__ = ["BPF_MAX_LOOPS", "MAX_CALL_FRAMES", "Finished", "Frame", "Frames"]

MAX_CALL_FRAMES = 8
BPF_MAX_LOOPS = 8 << 20
"""How often may_goto lets a function go on, and the helper loop may call back."""

_GARBAGE = b"\xa5" * MAX_BPF_STACK
"""What an unwritten stack holds. In the kernel that is whatever was there before."""


class Finished(Exception):  # noqa: N818 -- it is no error
    """The outermost function has returned."""


class Frame:
    """A function that has not returned.

    ``start`` and ``back``: indices of its first instruction, and of the one that follows its call.
    ``kept``: r6 to r10 of its caller. ``calls``: the helper whose callback this is. ``loops``: how
    often may_goto still lets it go on.
    """

    __slots__ = ("back", "calls", "kept", "loops", "start")

    def __init__(self, start: int, back: int, kept: list[int], calls: Calls | None) -> None:
        self.start, self.back, self.kept, self.calls = start, back, kept, calls
        self.loops = BPF_MAX_LOOPS


class Frames:
    """All frames, the outermost first."""

    def __init__(self, memory: Memory, registers: list[int], *, watched: bool = False) -> None:
        self._memory, self._registers, self._watched = memory, registers, watched
        self._stacks: list[Region] = []
        self._frames: list[Frame] = []

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, number: int) -> Frame:
        return self._frames[number]

    def stack(self, number: int) -> Region:
        """The stack of a frame."""
        return self._stacks[number]

    def enter(self, start: int, back: int, calls: Calls | None = None) -> int:
        """Call a function: a new frame. The index where to go on."""
        if len(self._frames) == MAX_CALL_FRAMES:
            raise MachineError(
                f"{MAX_CALL_FRAMES + 1} calls deep", why="the kernel allows 8 frames"
            )
        registers = self._registers
        self._frames.append(Frame(start, back, registers[6:], calls))
        self._open_stack()
        registers[0] = NEVER_WRITTEN[0]
        registers[6:BPF_REG_FP] = NEVER_WRITTEN[6:BPF_REG_FP]
        return start

    def _open_stack(self) -> None:
        """A stack for the frame that was just added, full of garbage."""
        number = len(self._frames) - 1
        if number == len(self._stacks):
            name = f"stack{number}" if number else "stack"
            self._stacks.append(
                self._memory.add(
                    STACK,
                    bytearray(MAX_BPF_STACK),
                    name,
                    origin=MAX_BPF_STACK,
                    watched=self._watched,
                )
            )
        stack = self._stacks[number]
        stack.open()
        stack.data[:] = _GARBAGE
        if stack.written is not None:
            stack.written[:] = bytes(MAX_BPF_STACK)
        self._registers[BPF_REG_FP] = stack.end

    def leave(self) -> int:
        """Return from a function. The index where to go on; Finished if it was the outermost."""
        registers = self._registers
        frame = self._frames[-1]
        if frame.calls is not None or len(self._frames) == 1:
            registers[0] &= MASK[64]  # here somebody looks at it, so it must have been written
        self._frames.pop()
        self._stacks[len(self._frames)].close()
        if not self._frames:
            raise Finished
        registers[6:] = frame.kept
        registers[1:6] = CLOBBERED[1:6]
        if frame.calls is not None:
            return self.call_back(frame.calls, frame.back, registers[0])
        return frame.back

    def call_back(self, calls: Calls, back: int, returned: int | None = None) -> int:
        """Let a helper go on until its next callback, or to its end. The index where to go on."""
        registers = self._registers
        try:
            start, arguments = calls.send(returned) if returned is not None else next(calls)
        except StopIteration as done:
            registers[0] = done.value & MASK[64]
            registers[1:6] = CLOBBERED[1:6]
            return back
        self.enter(start, back, calls)
        registers[1:6] = NEVER_WRITTEN[1:6]
        registers[1 : 1 + len(arguments)] = arguments
        return start

    def replace(self, start: int) -> int:
        """Tail call: another program takes over the frame. The index where to go on."""
        self._frames[-1].start = start
        self._open_stack()
        self._registers[0] = NEVER_WRITTEN[0]
        self._registers[2:BPF_REG_FP] = NEVER_WRITTEN[2:BPF_REG_FP]
        return start

    def reset(self) -> None:
        """Forget all frames."""
        for stack in self._stacks:
            stack.close()
        self._frames.clear()
