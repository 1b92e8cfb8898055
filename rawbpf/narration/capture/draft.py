"""Track a call in progress, and read the memory that its words point to, before and after the call.

Each structure, and each piece of memory reachable through its pointers, becomes a block. A pointer
is followed only if the call uses it, and only for the length that other fields of the structure
specify.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.narration.capture.call import Block, Call, Ref
from rawbpf.narration.capture.layout import (
    fd_fields,
    fd_places,
    given,
    member,
    numbers,
    place,
    struct_of,
)
from rawbpf.narration.capture.pointers import OUT, TEXT, VARIES, Points, info_struct, pointers
from rawbpf.specs.map_spec import map_kind
from rawbpf.syscall.capset import CAP_DATA
from rawbpf.syscall.fd import EVENT
from rawbpf.syscall.peek import peek, peek_text
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.perf_event import PerfEventAttr, perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from ctypes import Structure

    from rawbpf.narration.capture.known import Known

__all__ = ["FD_REQUESTS", "FD_WORDS", "Draft"]

FD_WORDS = {"ioctl": (0,), "mmap": (4,), "epoll_ctl": (0, 2), "epoll_pwait": (0,), "close": (0,)}
"""Maps each call to the words that are descriptors."""

FD_REQUESTS = (
    perf_event_ioc.PERF_EVENT_IOC_SET_BPF,
    perf_event_ioc.PERF_EVENT_IOC_SET_OUTPUT,
)
"""ioctl(2) requests whose argument is a descriptor."""


class Draft:
    """A call in progress; ``known`` holds what was learned from earlier calls."""

    def __init__(self, known: Known, probe_types: Callable[[], dict[int, str]]) -> None:
        self._known = known
        self._probe_types = probe_types
        self._blocks: list[Block] = []
        self._addresses: list[int] = []
        self._command = 0
        self._map_type = -1
        self._labels: dict[int, str] = {}
        self._refs: list[Ref] = []

    def read(self, name: str, words: tuple[int, ...]) -> None:
        """Read all memory that the kernel will read, before the system call is made."""
        if name == "bpf":
            self._command, address, size = words
            raw = peek(address, size)
            self._add_word(1, address, "attr", struct_of(self._command, raw), size)
        elif name == "perf_event_open":
            size = numbers(PerfEventAttr, peek(words[0], 8))["size"]
            self._add_word(0, words[0], "attr", PerfEventAttr, size)
        elif name == "epoll_ctl" and words[3]:
            self._add_word(3, words[3], "event", None, EVENT.size)
        elif name == "epoll_pwait":
            self._add_out(1, "events", words[1], words[2] * EVENT.size)
        elif name == "capset":
            self._add_word(1, words[1], "data", None, CAP_DATA)
        elif name == "capget":
            self._add_out(1, "data", words[1], CAP_DATA)
        elif name == "munmap":
            self._refs.append(Ref(0, 8))
        self._refs += [Ref(at, 8, fd=words[at]) for at in FD_WORDS.get(name, ())]
        if name == "ioctl" and words[1] in FD_REQUESTS:
            self._refs.append(Ref(2, 8, fd=words[2]))
        refs = [*self._refs, *(ref for block in self._blocks for ref in block.refs)]
        fds = sorted({ref.fd for ref in refs if ref.fd is not None})
        self._labels = {
            fd: self._known.label(fd) for fd in fds
        }  # recorded before the call, because closing the descriptor removes the label

    def _add_word(
        self, at: int, address: int, path: str, struct: type[Structure] | None, size: int
    ) -> None:
        self._refs.append(Ref(at, 8, block=self._add(path, "struct", address, size, struct)))

    def _add_out(self, at: int, path: str, address: int, size: int) -> None:
        self._refs.append(Ref(at, 8, block=len(self._blocks)))
        self._blocks.append(Block(path, "bytes", size))
        self._addresses.append(address)

    def _add(
        self, path: str, kind: str, address: int, size: int, struct: type[Structure] | None
    ) -> int:
        """Add a block that the kernel reads, together with everything to which it points.

        Return its index.
        """
        raw = peek_text(address) + b"\0" if size == TEXT else peek(address, size)
        index = len(self._blocks)
        self._blocks.append(Block(path, kind, len(raw), raw, struct=struct))
        self._addresses.append(address)
        if struct is not None:
            refs = [*_fds(struct, raw), *self._pointed(path, struct, raw)]
            varies = tuple(
                place(struct, field)[:2]
                for field in VARIES.get(struct, "").split()
                if place(struct, field).offset < len(raw)
            )
            self._blocks[index] = self._blocks[index]._replace(refs=tuple(refs), varies=varies)
        else:
            refs = list(self._in_bytes(path, kind, raw))
            self._blocks[index] = self._blocks[index]._replace(refs=tuple(refs))
        return index

    def _in_bytes(self, path: str, kind: str, raw: bytes) -> Iterator[Ref]:
        """Yield the descriptors and addresses in a block that does not contain a structure."""
        if kind == "insns":
            yield from (_fd_at(raw, at) for at in fd_places(raw))
        elif kind == "fds":
            places = range(0, len(raw) - 3, 4)
            yield from (_fd_at(raw, at) for at in places if any(raw[at : at + 4]))  # 0: unused
        elif kind in ("key", "value") and len(raw) >= 4:
            row = map_kind(self._map_type)
            if row.holds if kind == "value" else row.keyed_by == "fd":
                yield _fd_at(raw, 0)
        elif kind == "texts":
            for at in range(0, len(raw) - 7, 8):
                address = int.from_bytes(raw[at : at + 8], "little")
                yield Ref(at, 8, block=self._add(f"{path}.{at // 8}", "text", address, TEXT, None))

    def _pointed(self, path: str, struct: type[Structure], raw: bytes) -> Iterator[Ref]:
        """Yield the pointer fields, and add the blocks to which they point."""
        values = numbers(struct, raw)
        rows = pointers(struct, self._command) if struct is not PerfEventAttr else {}
        if struct is PerfEventAttr and (kind := self._probe_types().get(values["type"])):
            rows = {"config1": Points(kind, lambda *_: TEXT)}
        for field, row in rows.items():
            size = row.size(values, self._known)
            if field not in given(struct, len(raw)) or not values[field] or not size:
                continue
            at = place(struct, field).offset
            index = self._point(f"{path}.{field}", row, values, size)
            if (
                field in VARIES.get(struct, "").split()
            ):  # the memory to which the structure points is also output
                self._blocks[index] = self._blocks[index]._replace(varies=((0, size),))
            yield Ref(at, 8, block=index)

    def _point(self, path: str, row: Points, values: dict[str, int], size: int) -> int:
        field = path.rpartition(".")[2]
        index = len(self._blocks)
        if row.way == OUT:
            self._blocks.append(Block(path, row.kind, size))
            self._addresses.append(values[field])
        else:
            struct = None
            if row.kind == "info":
                struct = info_struct(self._known.thing(values["bpf_fd"]))
            if row.kind in ("key", "value"):
                self._map_type = self._known.thing(values["map_fd"]).map_type
            self._add(path, row.kind, values[field], size, struct)
        return index

    def finish(self, name: str, words: tuple[int, ...], result: int, seconds: float) -> Call:
        """After the system call, return the Call, including memory written by the kernel."""
        blocks = self._written(name, result)
        command = ""
        if name == "bpf":
            command = member(bpf_cmd, self._command) or f"command {self._command}"
        refs = tuple(sorted(self._refs, key=lambda ref: ref.at))
        return Call(name, command, words, result, seconds, blocks, refs, self._labels)

    def _written(self, name: str, result: int) -> tuple[Block, ...]:
        """Reread all memory to which the kernel may have written."""
        now: dict[str, dict[str, int]] = {}
        done = []
        for block, address in zip(self._blocks, self._addresses, strict=True):
            after = None
            if block.kind == "log":
                after = peek_text(address, block.room)
            elif block.struct is not None:
                raw = peek(address, block.room)
                now[block.path] = numbers(block.struct, raw)
                after = raw if raw != block.before else None
            elif block.before is None:
                parent = block.path.rpartition(".")[0]
                size = self._filled(name, result, block, now.get(parent, {}))
                after = peek(address, size) if size else None
            done.append(block._replace(after=after))
        return tuple(done)

    def _filled(self, name: str, result: int, block: Block, now: dict[str, int]) -> int:
        """Return the number of bytes that the kernel has written to an output block."""
        if name == "epoll_pwait":
            return max(result, 0) * EVENT.size
        if name == "capget":
            return block.room if result == 0 else 0
        ended = block.path.startswith("attr.") and "count" in now and result == -errno.ENOENT
        if result < 0 and not ended:  # a batch operation may return entries together with ENOENT
            return 0
        owner = next(one for one in self._blocks if one.path == block.path.rpartition(".")[0])
        assert owner.struct is not None
        row = pointers(owner.struct, self._command)[block.field]
        return min(block.room, row.size(now, self._known))


def _fd_at(raw: bytes, at: int) -> Ref:
    return Ref(at, 4, fd=int.from_bytes(raw[at : at + 4], "little", signed=True))


def _fds(struct: type[Structure], raw: bytes) -> Iterator[Ref]:
    """Yield the fields of a structure that contain descriptors."""
    for field, number in fd_fields(struct, raw).items():
        offset, size, _ = place(struct, field)
        yield Ref(offset, size, fd=number)
