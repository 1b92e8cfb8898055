"""Replay recorded calls with new descriptors and addresses, and compare the results.

Recorded descriptors are replaced with the descriptors that the repeated calls return, and recorded
addresses with the addresses of buffers that hold the recorded bytes. Paths in the labels of a
recording are never opened. A descriptor that no recorded call created is replaced with a pipe if
its label says that it was a pipe, and with -1 otherwise. A call that needs a file is an error, but
calls that close or watch a stream of the recorded process are skipped.

``confirm`` is called before each call whose effect outlives this process or reaches others (see
``consent``). To stop the replay, ``confirm`` raises an exception.
"""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import FormatError, KernelError, RawbpfError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.narration.capture.call import OWN_AFFAIRS
from rawbpf.narration.capture.known import Known, numbers_of, pinned_kind
from rawbpf.narration.replay.check import check, check_size, room_of, sleep_of
from rawbpf.narration.replay.compare import differences
from rawbpf.narration.replay.consent import effect_of
from rawbpf.narration.replay.memory import Memory
from rawbpf.narration.replay.promises import LARGEST_MAP, Promises, map_size
from rawbpf.specs.map_spec import map_kind
from rawbpf.syscall.fd import Owner
from rawbpf.syscall.gate import enter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rawbpf.narration.capture.call import Call, Ref

__all__ = ["Outcome", "Replay", "replay"]

_MOST_PIPES = 64
_MOST_SLEEP = 600_000
"""The maximum total duration of all sleeps in milliseconds."""

_LARGEST_MAPPINGS = 1 << 30
"""The maximum number of bytes that are mapped at the same time."""

_LONGEST_LABEL = 200  # in an error

_OPENING = ("BPF_OBJ_GET", "_GET_FD_BY_ID")
"""The suffixes in the names of commands that open an existing object."""


class Outcome(NamedTuple):
    """A recorded call, its new result, and a list of differences.

    ``repeated`` is False for a call that concerns a stream of the recorded process, such as its
    stdout, which does not exist during a replay.
    """

    call: Call
    result: int
    differences: tuple[str, ...]
    repeated: bool = True


def refuse(call: Call, effect: str) -> None:
    """Raise RawbpfError because the call needs consent."""
    raise RawbpfError(f"cannot repeat {call.key}", why=effect, fix="allow it with --yes")


def replay(
    calls: Iterable[Call], confirm: Callable[[Call, str], None] = refuse
) -> Iterator[Outcome]:
    """Repeat the calls one by one, and close all descriptors that remain open at the end."""
    with Replay(confirm) as session:
        for call in calls:
            if call.name not in OWN_AFFAIRS:
                yield session.make(call)


class Replay(Owner):
    """A replay in progress, which maps recorded descriptors and addresses to new ones."""

    def __init__(self, confirm: Callable[[Call, str], None] = refuse) -> None:
        self._confirm = confirm
        self._known = Known()  # by new descriptor
        self._fds: dict[int, int] = {}
        self._own: set[int] = set()
        self._opened: set[int] = set()
        self._mappings: dict[int, tuple[int, int]] = {}
        self._pipes: dict[str, int] = {}
        self._slept = self._maps_size = self._extra_mapped = 0
        self._extra = ExitStack()  # descriptors to which no recorded call refers

    def make(self, call: Call) -> Outcome:
        """Repeat one call and compare the results.

        Raises FormatError if the call is not safe to repeat.
        """
        check(call)
        if call.name == "munmap" and call.words[0] not in self._mappings:
            # The mapping failed during the replay, so there is nothing to unmap. The recorded
            # address may now refer to any
            # memory, including Python's own code.
            return Outcome(call, -errno.EINVAL, ("nothing is mapped at the address now",))
        if self._is_about_a_stream(call):
            return Outcome(call, call.result, (), repeated=False)
        memory = self._memory(call)
        words = self._words(call, memory)
        promises = Promises(memory, self._known, self._own)
        try:
            promises.settle(call.name, words)
        except FormatError as error:
            raise FormatError(f"cannot repeat {call.key}", why=str(error)) from None
        actual = call._replace(words=tuple(words), blocks=tuple(promises.blocks), refs=())
        self._check_sums(actual)
        effect = effect_of(actual, self._own - self._opened)
        if effect:
            self._confirm(call, effect)
        try:
            result = enter(call.name, *words)
        except KernelError as error:
            result = -(error.errno or 0)
        self._remember(call, actual, result)
        written = [memory.read(at) for at in range(len(call.blocks))]
        return Outcome(call, result, tuple(differences(call, result, written)))

    def _check_sums(self, actual: Call) -> None:
        """Raise FormatError if all maps, or all mappings, would together become too large."""
        why = ""
        if actual.key == "BPF_MAP_CREATE":
            self._maps_size += map_size(numbers_of(actual))
            if self._maps_size > LARGEST_MAP:
                why = f"all maps together are larger than {LARGEST_MAP >> 20} MiB"
        elif actual.name == "mmap":
            mapped = sum(size for _, size in self._mappings.values()) + self._extra_mapped
            if mapped + actual.words[1] > _LARGEST_MAPPINGS:
                why = f"all mappings together are larger than {_LARGEST_MAPPINGS >> 20} MiB"
        if why:
            raise FormatError(f"cannot repeat {actual.key}", why=why)

    def _is_about_a_stream(self, call: Call) -> bool:
        """Return whether a call closes or watches a descriptor from outside the recording."""
        if call.name not in ("close", "epoll_ctl"):
            return False
        number = call.words[0 if call.name == "close" else 2]
        is_pipe = call.name == "epoll_ctl" and call.fds.get(number, "").startswith("pipe:")
        return number not in self._fds and not is_pipe

    def _memory(self, call: Call) -> Memory:
        """Return memory with the recorded bytes, after replacing addresses and descriptors."""
        times = self._values_per_key(call)
        check_size(call, times)
        memory = Memory([(room_of(one) * times, one.before or b"") for one in call.blocks])
        for index, block in enumerate(call.blocks):
            for ref in block.refs:
                number = self._number(call, ref, memory)
                raw = (number & (1 << 8 * ref.size) - 1).to_bytes(ref.size, "little")
                memory.write(index, ref.at, raw)
        return memory

    def _values_per_key(self, call: Call) -> int:
        """Return the number of possible CPUs for a call about a per-CPU map, and 1 for other calls.

        The recording may come from a machine with fewer CPUs.
        """
        fds = [self._fds.get(ref.fd or 0, -1) for block in call.blocks[:1] for ref in block.refs]
        maps = (self._known.things[fd] for fd in fds if fd in self._known.things)
        return len(possible_cpus()) if any(map_kind(one.map_type).per_cpu for one in maps) else 1

    def _number(self, call: Call, ref: Ref, memory: Memory) -> int:
        """Return the new address or descriptor for a reference."""
        return self._fd(call, ref.fd or 0) if ref.block is None else memory.address(ref.block)

    def _words(self, call: Call, memory: Memory) -> list[int]:
        words = list(call.words)
        for ref in call.refs:
            if call.name == "munmap":
                words[:2] = self._mappings[words[0]]  # address and size
            else:
                words[ref.at] = self._number(call, ref, memory)
        if call.name == "epoll_pwait":
            words[3] = sleep_of(call)
            self._slept += words[3]
            if self._slept > _MOST_SLEEP:
                why = f"the recorded sleeps are longer than {_MOST_SLEEP // 1000} s in total"
                raise FormatError("cannot repeat epoll_pwait", why=why)
        return words

    def _fd(self, call: Call, number: int) -> int:
        """Return the descriptor that replaces a recorded descriptor."""
        label = call.fds.get(number, "")
        if number in self._fds:
            return self._fds[number]
        if label.startswith("/"):
            shown = label[:_LONGEST_LABEL]
            why = f"the call uses {shown!r}, which was opened outside the recorded calls"
            raise FormatError(f"cannot repeat {call.key}", why=why)
        if (
            label.startswith("pipe:")
            and label not in self._pipes
            and len(self._pipes) < _MOST_PIPES
        ):
            self._pipes[label] = self._pipe()
        return self._pipes.get(label, -1)

    def _pipe(self) -> int:
        """Return the read end of a pipe without writers, or -1."""
        try:
            reading, writing = os.pipe()
        except OSError:  # -1 makes the call fail with EBADF, which is reported as a difference
            return -1
        self._extra.callback(os.close, writing)
        self._extra.callback(os.close, reading)
        return reading

    def _remember(self, call: Call, actual: Call, result: int) -> None:
        if result < 0:
            return
        if call.name == "close":
            self._forget(self._fds.pop(call.words[0]))
        elif call.name == "munmap":
            self._mappings.pop(call.words[0], None)
        elif call.name == "mmap":
            if (
                call.result < 0 or call.result in self._mappings
            ):  # no call refers to this descriptor
                self._extra.callback(enter, "munmap", result, actual.words[1])
                self._extra_mapped += actual.words[1]
            else:
                self._mappings[call.result] = result, actual.words[1]
        elif call._replace(result=0).makes_fd:
            if call.result < 0 or call.result in self._fds:
                self._extra.callback(enter, "close", self._fds.get(call.result, result))
            if call.result >= 0:
                self._fds[call.result] = result
            self._learn(actual._replace(result=result))

    def _learn(self, made: Call) -> None:
        """Record the kind of a new descriptor, and the sizes of a new map."""
        fd = made.result
        self._own.add(fd)
        if made.key.endswith(_OPENING):
            self._opened.add(fd)
        if made.key == "BPF_OBJ_GET":
            kind = pinned_kind(self._known.label(fd))
            made = made._replace(fds={fd: f"{kind}:"})
        self._known.learn(made)

    def _forget(self, fd: int) -> None:
        self._known.things.pop(fd, None)
        self._own.discard(fd)
        self._opened.discard(fd)

    def close(self) -> None:
        """Close and unmap all remaining objects, even if one of the calls fails."""
        with ExitStack() as stack:
            stack.push(self._extra.pop_all())
            for fd in self._fds.values():
                stack.callback(enter, "close", fd)
            for address, size in self._mappings.values():
                stack.callback(enter, "munmap", address, size)
            for owned in (self._pipes, self._fds, self._mappings):
                owned.clear()
