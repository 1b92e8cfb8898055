"""The same calls once more: other descriptors and addresses, and hopefully the same results.

A recorded word or place in memory that is a descriptor gets the descriptor that the repeated call
returned; an address, that of a buffer with the recorded bytes. What did not come from a recorded
call gets a stand-in: a pipe for a pipe, the same path for a path.

Calls are made as they are written down: replay what you recorded yourself.
"""

from __future__ import annotations

import ctypes
import errno
import math
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import KernelError
from rawbpf.narration.call import OWN_AFFAIRS
from rawbpf.narration.differences import differences
from rawbpf.narration.layout import given, place
from rawbpf.narration.pointers import pointers
from rawbpf.narration.repeatable import check, room_of
from rawbpf.syscall.gate import enter
from rawbpf.syscall.owner import Owner
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_link_info import BpfLinkInfo
from rawbpf.uapi.perf_event import PerfEventAttr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.narration.call import Block, Call, Ref

__all__ = ["Outcome", "Replay", "replay"]

_SLACK = 1 << 16
"""Bytes behind each buffer, lest a damaged record lets the kernel write to what is not there."""

Buffer = ctypes.Array[ctypes.c_char]


class Outcome(NamedTuple):
    """A recorded call, and in what the repeated one differed: empty if in nothing."""

    call: Call
    result: int
    differences: tuple[str, ...]


def replay(calls: Iterable[Call]) -> Iterator[Outcome]:
    """Make the calls, one by one; what they leave open is closed at the end."""
    with Replay() as session:
        for call in calls:
            if call.name not in OWN_AFFAIRS:
                yield session.make(call)


class Replay(Owner):
    """A session that is being repeated: which descriptor and address stands for which."""

    def __init__(self) -> None:
        self._fds: dict[int, int] = {}
        self._mappings: dict[int, tuple[int, int]] = {}
        self._stand_ins: dict[str, int] = {}
        self._unasked = ExitStack()  # what no recorded call speaks of

    def make(self, call: Call) -> Outcome:
        """Repeat one call, and compare."""
        check(call)
        if call.name == "munmap" and call.words[0] not in self._mappings:
            # It could not be mapped now. What is at the address then is somebody else's, perhaps
            # the interpreter's own code.
            return Outcome(call, -errno.EINVAL, ("nothing is mapped there now",))
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
        """Replace a recorded address or descriptor by ours."""
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
                words[:2] = self._mappings[words[0]]  # munmap: address and size
        if call.name == "epoll_pwait":  # as long as it took then, though fewer may wake us now
            waited = math.ceil(call.seconds * 1000)
            words[3] = waited if words[3] < 0 else min(words[3], waited)
        return words

    def _fd(self, call: Call, number: int) -> int:
        """Our descriptor for a recorded one."""
        if number in self._fds:
            return self._fds[number]
        label = call.fds.get(number, "")
        if label not in self._stand_ins:
            self._stand_ins[label] = self._stand_in(label)
        return self._stand_ins[label]

    def _stand_in(self, label: str) -> int:
        """Something like what no recorded call made; -1 if there is nothing like it."""
        if label.startswith("pipe:"):
            reading, writing = os.pipe()
            self._unasked.callback(os.close, writing)
            return reading
        try:
            return os.open(label, os.O_RDONLY | os.O_CLOEXEC) if label.startswith("/") else -1
        except OSError:  # the answer to -1, EBADF, will be told as a difference
            return -1

    def _remember(self, call: Call, words: list[int], result: int) -> None:
        if result < 0:
            return
        if call.name == "close":
            number = call.words[0]
            if self._fds.pop(number, None) is None:
                self._stand_ins.pop(call.fds.get(number, ""), None)
        elif call.name == "munmap":
            self._mappings.pop(call.words[0], None)
        elif call.name == "mmap":
            if call.result < 0:  # it failed then, and nothing recorded is about it
                self._unasked.callback(enter, "munmap", result, words[1])
            else:
                self._mappings[call.result] = result, words[1]
        elif call._replace(result=0).makes_fd:
            if call.result < 0 or call.result in self._fds:
                self._unasked.callback(enter, "close", self._fds.get(call.result, result))
            if call.result >= 0:
                self._fds[call.result] = result

    def close(self) -> None:
        """Close and unmap what the record left open; one that fails does not stop the others."""
        with ExitStack() as stack:
            stack.push(self._unasked.pop_all())
            for fd in self._stand_ins.values():
                if fd >= 0:
                    stack.callback(os.close, fd)
            for fd in self._fds.values():
                stack.callback(enter, "close", fd)
            for address, size in self._mappings.values():
                stack.callback(enter, "munmap", address, size)
            for owned in (self._stand_ins, self._fds, self._mappings):
                owned.clear()


def _stale(call: Call, block: Block) -> Iterator[int]:
    """Offsets of addresses of which nothing was recorded: they mean nothing here."""
    if block.struct is not None:
        known = {ref.at for ref in block.refs}
        command = bpf_cmd.__members__.get(call.command, -1)
        fields = set(pointers(block.struct, command)) & set(given(block.struct, block.room))
        fields |= {"config1"} if block.struct is PerfEventAttr else set()
        offsets = {place(block.struct, field).offset for field in fields}
        if block.struct is BpfLinkInfo:  # of a type that was not known: it may hold an address
            offsets |= set(range(place(BpfLinkInfo, "_part").offset, block.room - 7, 8))
        yield from offsets - known
    elif block.kind == "info":
        yield from range(0, block.room - 7, 8)


def _buffer(block: Block) -> Buffer:
    before = block.before or b""
    buffer = ctypes.create_string_buffer(room_of(block) + _SLACK)
    ctypes.memmove(buffer, before, len(before))
    return buffer
