"""A recorded system call: its arguments (words), the memory to which they point, and its result.

Words and memory contain descriptors and addresses, which are meaningless in another process. Each
descriptor and address is therefore marked: for example, a word, or a location in a block, *is*
descriptor 5 or *points to* block 2. Repeating a call means replacing the marked numbers, without
any knowledge of bpf(2).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import errno_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import Structure

__all__ = ["MAKES_FD", "OWN_AFFAIRS", "WORDS", "Block", "Call", "Ref"]

MAKES_FD = {
    "BPF_MAP_CREATE",
    "BPF_PROG_LOAD",
    "BPF_OBJ_GET",
    "BPF_BTF_LOAD",
    "BPF_LINK_CREATE",
    "BPF_RAW_TRACEPOINT_OPEN",
    "BPF_ITER_CREATE",
    "BPF_ENABLE_STATS",
    "BPF_TOKEN_CREATE",
    "BPF_PROG_GET_FD_BY_ID",
    "BPF_MAP_GET_FD_BY_ID",
    "BPF_LINK_GET_FD_BY_ID",
    "BPF_BTF_GET_FD_BY_ID",
    "perf_event_open",
    "epoll_create1",
}
"""bpf(2) commands and other calls that return a new descriptor."""

OWN_AFFAIRS = ("capget", "capset", "prctl")
"""Calls that are shown but never repeated, because they only change this thread's capabilities."""

WORDS = {"bpf": 3, "perf_event_open": 5, "ioctl": 3, "mmap": 6, "munmap": 2, "epoll_create1": 1,
         "epoll_ctl": 4, "epoll_pwait": 6, "close": 1}  # fmt: skip
"""For each call, the number of words that are decoded."""


class Ref(NamedTuple):
    """A reference: ``size`` bytes at offset ``at`` contain a block's address or a descriptor."""

    at: int
    size: int
    block: int | None = None
    fd: int | None = None


class Block(NamedTuple):
    """A memory block of ``room`` bytes, to which the pointer at ``path`` points.

    ``before`` contains the bytes passed to the kernel, or None if the kernel only writes to the
    block. ``after`` contains the bytes that the kernel wrote, or None if it wrote nothing.
    ``varies`` lists the (offset, size) of parts that differ from run to run, such as times and IDs.
    """

    path: str
    kind: str
    room: int
    before: bytes | None = None
    after: bytes | None = None
    refs: tuple[Ref, ...] = ()
    varies: tuple[tuple[int, int], ...] = ()
    struct: type[Structure] | None = None

    @property
    def field(self) -> str:
        """The name of the pointer field that points to this block."""
        return self.path.rpartition(".")[2]


class Call(NamedTuple):
    """A system call that has returned.

    ``command`` is the command passed to bpf(2). ``refs`` maps each word to the references in it
    index. ``seconds``: how long it took. ``fds``: descriptor -> label, for the descriptors
    involved.
    """

    name: str
    command: str
    words: tuple[int, ...]
    result: int
    seconds: float = 0.0
    blocks: tuple[Block, ...] = ()
    refs: tuple[Ref, ...] = ()
    fds: Mapping[int, str] = MappingProxyType({})

    @property
    def key(self) -> str:
        """The command of a bpf(2) call, or the name of any other call."""
        return self.command or self.name

    @property
    def makes_fd(self) -> bool:
        """Whether the call returned a new descriptor."""
        return self.result >= 0 and self.key in MAKES_FD

    @property
    def makes(self) -> str:
        """The kind of the result: ``fd``, ``mapping``, or an empty string for a plain number."""
        if self.makes_fd:
            return "fd"
        return "mapping" if self.name == "mmap" and self.result >= 0 else ""

    @property
    def errno(self) -> str:
        """The name of the errno, or "" if the call succeeded."""
        return errno_name(-self.result) if self.result < 0 else ""

    def shown_fd(self, number: int) -> str:
        """Return a label such as ``3<map:events>``.

        If the descriptor is unknown, return only its number.
        """
        label = self.fds.get(number)
        return f"{number}<{label}>" if label else str(number)

    def block(self, path: str) -> Block | None:
        """Return the block at this path, or None if the call has no such block."""
        return next((block for block in self.blocks if block.path == path), None)
