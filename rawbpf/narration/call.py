"""One call, kept: its words, the memory that they point to, and what came of it.

Words and memory hold descriptors and addresses that mean nothing elsewhere. So each is marked: a
word or a place in a block *is* descriptor 5, or *points to* block 2. Whoever puts other numbers
there can make the same call again, and needs to know nothing of bpf(2) for it.
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
"""Commands and calls whose result is a new descriptor."""

OWN_AFFAIRS = ("capget", "capset")
"""Which rights a thread has is its own affair: these are told, and never made again."""

WORDS = {"bpf": 3, "perf_event_open": 5, "ioctl": 3, "mmap": 6, "munmap": 2, "epoll_create1": 1,
         "epoll_ctl": 4, "epoll_pwait": 6, "close": 1}  # fmt: skip
"""How many words the calls take that are told in more than words."""


class Ref(NamedTuple):
    """``size`` bytes at ``at`` hold the address of a block, or a descriptor."""

    at: int
    size: int
    block: int | None = None
    fd: int | None = None


class Block(NamedTuple):
    """Memory that a call points to. ``path``: attr, attr.insns, attr.info.map_ids.

    ``before`` is what the kernel was given: None if it only writes there, ``room`` bytes at most.
    ``after`` is what it has written, None if nothing. ``varies``: (offset, size) of what is never
    the same twice, such as times and ids.
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
        """The field that points here."""
        return self.path.rpartition(".")[2]


class Call(NamedTuple):
    """A call that has returned. ``command``: of bpf(2). ``refs``: at which words (0, 1, ...)."""

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
        """The command of bpf(2), the name of any other call."""
        return self.command or self.name

    @property
    def makes_fd(self) -> bool:
        """Whether the result is a descriptor that did not exist before."""
        return self.result >= 0 and self.key in MAKES_FD

    @property
    def makes(self) -> str:
        """``fd``, ``mapping``, or nothing: what the result stands for."""
        if self.makes_fd:
            return "fd"
        return "mapping" if self.name == "mmap" and self.result >= 0 else ""

    @property
    def errno(self) -> str:
        """The errno's name, empty when the kernel said yes."""
        return errno_name(-self.result) if self.result < 0 else ""

    def shown_fd(self, number: int) -> str:
        """``3<map:events>``; the number alone of what is not known."""
        label = self.fds.get(number)
        return f"{number}<{label}>" if label else str(number)

    def block(self, path: str) -> Block | None:
        """The block of that path."""
        return next((block for block in self.blocks if block.path == path), None)
