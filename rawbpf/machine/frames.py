"""The call stack of active BPF functions, including callbacks from helpers.

Each function has its own stack frame of 512 bytes, and r10 points to the end of the frame. r6 to r9
are unset when a function starts, and the caller's values are restored when the function returns.
The kernel allows at most eight frames whose stack sizes add up to at most 512 bytes; the verifier
checks that sum, but this module does not.

A helper that takes a callback (``loop``, ``for_each_map_elem``) is a generator. The generator
yields a function and its arguments, and receives the function's r0; the value that it returns
becomes the helper's r0. A callback therefore runs in an ordinary frame, and can be executed one
instruction at a time.
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

    Callbacks = Generator[tuple[int, tuple[int, ...]], int, int]

__all__ = ["BPF_MAX_LOOPS", "MAX_CALL_FRAMES", "Finished", "Frame", "Frames"]

MAX_CALL_FRAMES = 8
BPF_MAX_LOOPS = 8 << 20
"""The maximum number of iterations of may_goto in one frame, and of the bpf_loop helper."""

_GARBAGE = b"\xa5" * MAX_BPF_STACK
"""The byte with which unwritten stack memory is filled.

In the kernel, unwritten stack memory keeps its previous contents.
"""


class Finished(Exception):  # noqa: N818 -- not an error
    """Raised when the outermost function has returned."""


class Frame:
    """An active function.

    ``start`` is the index of the function's first instruction. ``back`` is the index of the
    instruction after the call. ``kept`` contains the caller's r6 to r10. ``callbacks`` is the
    helper that called the function, if the function is a callback. ``loops`` is the number of
    may_goto iterations left.
    """

    __slots__ = ("back", "callbacks", "kept", "loops", "start")

    def __init__(self, start: int, back: int, kept: list[int], callbacks: Callbacks | None) -> None:
        self.start, self.back, self.kept, self.callbacks = start, back, kept, callbacks
        self.loops = BPF_MAX_LOOPS


class Frames:
    """All active frames, outermost first."""

    def __init__(self, memory: Memory, registers: list[int], *, watched: bool = False) -> None:
        self._memory, self._registers, self._watched = memory, registers, watched
        self._stacks: list[Region] = []
        self._frames: list[Frame] = []

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, number: int) -> Frame:
        return self._frames[number]

    def stack(self, number: int) -> Region:
        """Return the stack memory of a frame."""
        return self._stacks[number]

    def enter(self, start: int, back: int, callbacks: Callbacks | None = None) -> int:
        """Push a frame for a function, and return the index at which to continue.

        Raises MachineError if the call stack already contains eight frames.
        """
        if len(self._frames) == MAX_CALL_FRAMES:
            raise MachineError(
                f"calls are nested too deeply ({MAX_CALL_FRAMES + 1} levels)",
                why="the kernel allows at most 8 frames",
            )
        registers = self._registers
        self._frames.append(Frame(start, back, registers[6:], callbacks))
        self._open_stack()
        registers[0] = NEVER_WRITTEN[0]
        registers[6:BPF_REG_FP] = NEVER_WRITTEN[6:BPF_REG_FP]
        return start

    def _open_stack(self) -> None:
        """Add a memory region for the stack of the newest frame, and fill it with garbage."""
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
        """Pop a frame, and return the index at which to continue.

        Raises Finished if the frame was the outermost one.
        """
        registers = self._registers
        frame = self._frames[-1]
        if frame.callbacks is not None or len(self._frames) == 1:
            registers[0] &= MASK[
                64
            ]  # the value is used, so the register must have been written before
        self._frames.pop()
        self._stacks[len(self._frames)].close()
        if not self._frames:
            raise Finished
        registers[6:] = frame.kept
        registers[1:6] = CLOBBERED[1:6]
        if frame.callbacks is not None:
            return self.call_back(frame.callbacks, frame.back, registers[0])
        return frame.back

    def call_back(self, callbacks: Callbacks, back: int, returned: int | None = None) -> int:
        """Resume a helper until its next callback or its end; return the next index."""
        registers = self._registers
        try:
            start, arguments = callbacks.send(returned) if returned is not None else next(callbacks)
        except StopIteration as done:
            registers[0] = done.value & MASK[64]
            registers[1:6] = CLOBBERED[1:6]
            return back
        self.enter(start, back, callbacks)
        registers[1:6] = NEVER_WRITTEN[1:6]
        registers[1 : 1 + len(arguments)] = arguments
        return start

    def replace(self, start: int) -> int:
        """Let another program take over the frame, as in a tail call; return the next index."""
        self._frames[-1].start = start
        self._open_stack()
        self._registers[0] = NEVER_WRITTEN[0]
        self._registers[2:BPF_REG_FP] = NEVER_WRITTEN[2:BPF_REG_FP]
        return start

    def reset(self) -> None:
        """Drop all frames."""
        for stack in self._stacks:
            stack.close()
        self._frames.clear()
