"""Replay recorded calls with new descriptors and addresses, and compare the results.

A recorded descriptor is replaced with the descriptor that the repeated call returned, and a
recorded address with the address of a buffer that contains the recorded bytes. A descriptor that no
recorded call created is replaced with an equivalent, such as another pipe or the same path.

Calls are repeated exactly as recorded, so replay only recordings that you trust.
"""

from __future__ import annotations

import ctypes
import errno
import math
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import KernelError
from rawbpf.narration.capture.call import OWN_AFFAIRS
from rawbpf.narration.capture.layout import given, place
from rawbpf.narration.capture.pointers import pointers
from rawbpf.narration.replay.check import check, differences, room_of
from rawbpf.syscall.fd import Owner
from rawbpf.syscall.gate import enter
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_link import BpfLinkInfo
from rawbpf.uapi.perf_event import PerfEventAttr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.narration.capture.call import Block, Call, Ref

__all__ = ["Outcome", "Replay", "replay"]

_SLACK = 1 << 16
"""Padding after each buffer.

It keeps a damaged recording from making the kernel write past the buffer.
"""

Buffer = ctypes.Array[ctypes.c_char]


class Outcome(NamedTuple):
    """A recorded call, its new result, and a list of differences."""

    call: Call
    result: int
    differences: tuple[str, ...]


def replay(calls: Iterable[Call]) -> Iterator[Outcome]:
    """Repeat the calls one by one, and finally close all descriptors that they leave open."""
    with Replay() as session:
        for call in calls:
            if call.name not in OWN_AFFAIRS:
                yield session.make(call)


class Replay(Owner):
    """A replay in progress, which maps recorded descriptors and addresses to new ones."""

    def __init__(self) -> None:
        self._fds: dict[int, int] = {}
        self._mappings: dict[int, tuple[int, int]] = {}
        self._substitutes: dict[str, int] = {}
        self._extra = ExitStack()  # descriptors that no recorded call refers to

    def make(self, call: Call) -> Outcome:
        """Repeat one call and compare the results.

        Raises FormatError if the call is not safe to repeat.
        """
        check(call)
        if call.name == "munmap" and call.words[0] not in self._mappings:
            # The mapping failed during the replay. The recorded address may now refer to any
            # memory, including Python's own code.
            return Outcome(call, -errno.EINVAL, ("nothing is mapped at the address now",))
        buffers = [_buffer(block) for block in call.blocks]
        for block, buffer in zip(call.blocks, buffers, strict=True):
            for at in _stale(call, block):
                ctypes.memset(ctypes.addressof(buffer) + at, 0, 8)
            for ref in block.refs:
                self._put(call, ref, buffer, buffers)
        words = self._words(call, buffers)
        try:
            result = enter(call.name, *words)
        except KernelError as error:
            result = -(error.errno or 0)
        self._remember(call, words, result)
        return Outcome(
            call, result, tuple(differences(call, result, [buffer.raw for buffer in buffers]))
        )

    def _put(self, call: Call, ref: Ref, buffer: Buffer, buffers: list[Buffer]) -> None:
        """Replace a recorded address or descriptor with its new counterpart."""
        if ref.block is not None:
            number = ctypes.addressof(buffers[ref.block])
        else:
            number = self._fd(call, ref.fd or 0)
        raw = (number & (1 << 8 * ref.size) - 1).to_bytes(ref.size, "little")
        ctypes.memmove(ctypes.addressof(buffer) + ref.at, raw, ref.size)

    def _words(self, call: Call, buffers: list[Buffer]) -> list[int]:
        words = list(call.words)
        for ref in call.refs:
            if ref.block is not None:
                words[ref.at] = ctypes.addressof(buffers[ref.block])
            elif ref.fd is not None:
                words[ref.at] = self._fd(call, ref.fd)
            else:
                words[:2] = self._mappings[words[0]]  # munmap takes an address and a size
        if (
            call.name == "epoll_pwait"
        ):  # sleep as long as recorded, because fewer events may end the sleep now
            waited = math.ceil(call.seconds * 1000)
            words[3] = waited if words[3] < 0 else min(words[3], waited)
        return words

    def _fd(self, call: Call, number: int) -> int:
        """Return the descriptor that replaces a recorded descriptor."""
        if number in self._fds:
            return self._fds[number]
        label = call.fds.get(number, "")
        if label not in self._substitutes:
            self._substitutes[label] = self._substitute(label)
        return self._substitutes[label]

    def _substitute(self, label: str) -> int:
        """Return a substitute for a descriptor that no recorded call created.

        Return -1 if there is no substitute.
        """
        if label.startswith("pipe:"):
            reading, writing = os.pipe()
            self._extra.callback(os.close, writing)
            return reading
        try:
            return os.open(label, os.O_RDONLY | os.O_CLOEXEC) if label.startswith("/") else -1
        except OSError:  # -1 makes the call fail with EBADF, which is reported as a difference
            return -1

    def _remember(self, call: Call, words: list[int], result: int) -> None:
        if result < 0:
            return
        if call.name == "close":
            number = call.words[0]
            if self._fds.pop(number, None) is None:
                self._substitutes.pop(call.fds.get(number, ""), None)
        elif call.name == "munmap":
            self._mappings.pop(call.words[0], None)
        elif call.name == "mmap":
            # the call failed when it was recorded, so no other call refers to its result
            if call.result < 0:
                self._extra.callback(enter, "munmap", result, words[1])
            else:
                self._mappings[call.result] = result, words[1]
        elif call._replace(result=0).makes_fd:
            if call.result < 0 or call.result in self._fds:
                self._extra.callback(enter, "close", self._fds.get(call.result, result))
            if call.result >= 0:
                self._fds[call.result] = result

    def close(self) -> None:
        """Close and unmap all remaining objects, even if one of the calls fails."""
        with ExitStack() as stack:
            stack.push(self._extra.pop_all())
            for fd in self._substitutes.values():
                if fd >= 0:
                    stack.callback(os.close, fd)
            for fd in self._fds.values():
                stack.callback(enter, "close", fd)
            for address, size in self._mappings.values():
                stack.callback(enter, "munmap", address, size)
            for owned in (self._substitutes, self._fds, self._mappings):
                owned.clear()


def _stale(call: Call, block: Block) -> Iterator[int]:
    """Yield the offsets of addresses whose target was not recorded.

    Such addresses are meaningless.
    """
    if block.struct is not None:
        known = {ref.at for ref in block.refs}
        command = bpf_cmd.__members__.get(call.command, -1)
        fields = set(pointers(block.struct, command)) & set(given(block.struct, block.room))
        fields |= {"config1"} if block.struct is PerfEventAttr else set()
        offsets = {place(block.struct, field).offset for field in fields}
        # the info of an unknown link type, which may contain addresses
        if block.struct is BpfLinkInfo:
            offsets |= set(range(place(BpfLinkInfo, "_part").offset, block.room - 7, 8))
        yield from offsets - known
    elif block.kind == "info":
        yield from range(0, block.room - 7, 8)


def _buffer(block: Block) -> Buffer:
    before = block.before or b""
    buffer = ctypes.create_string_buffer(room_of(block) + _SLACK)
    ctypes.memmove(buffer, before, len(before))
    return buffer
