"""Recorded calls as a Python file that makes them without rawbpf.

The file imports ctypes, mmap and struct and nothing else, and has fewer than 150 lines. A structure
becomes a struct.pack, a descriptor a name, a program its bytes; a row of calls that differ in
nothing but the number that is their key becomes a loop, and all the sleeping one loop that drains
the rings. What rings hold is printed.

Left out is what only the recorded process had: the pipe that woke it, its stdout.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import UnsupportedError
from rawbpf.narration.known import Known
from rawbpf.narration.made import made_by
from rawbpf.narration.script_pack import Names
from rawbpf.narration.script_parts import DRAIN_BPF, DRAIN_PERF, LISTEN, OPENING
from rawbpf.narration.script_text import statement
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.narration.call import Call

__all__ = ["LONGEST", "script"]

LONGEST = 149
"""Lines that a script may have."""

_WIDTH = 96
_FORGOTTEN = ("epoll_ctl", "close")


def script(calls: Sequence[Call], command: str) -> str:
    """The file's text. UnsupportedError for a session that does not fit into so few lines."""
    body = list(_Writer(calls).lines())
    for width in (_WIDTH, 1 << 20):  # long lines, if there is no other way
        text = "\n".join([*_opening(calls, command), *_wrapped(body, width)]) + "\n"
        if text.count("\n") <= LONGEST:
            return text
    why = f"its {len(calls)} calls take {text.count(chr(10))} lines, and {LONGEST} are allowed"
    raise UnsupportedError("this session is too long for a script", why=why)


def _opening(calls: Sequence[Call], command: str) -> Iterator[str]:
    shown = re.sub(r"[^ -\[\]-~]", "?", command.replace('"""', "?"))
    text = OPENING.replace("COMMAND", shown)
    if any(call.name in ("mmap", "epoll_pwait") for call in calls):
        text += DRAIN_BPF if _reads_bpf_ring(calls) else ""
        text += DRAIN_PERF if any(call.name == "perf_event_open" for call in calls) else ""
        text += LISTEN
    yield from text.splitlines()


def _reads_bpf_ring(calls: Sequence[Call]) -> bool:
    return any(
        call.command == "BPF_MAP_CREATE"
        and made_by(call).map_type == bpf_map_type.BPF_MAP_TYPE_RINGBUF
        for call in calls
    )


def _wrapped(body: Sequence[str], width: int) -> Iterator[str]:
    """Hex in lines of a bearable length."""
    for line in body:
        found = re.match(r'(.*fromhex\(")([0-9a-f ]{80,})("\).*)', line)
        if found is None or len(line) <= width:
            yield line
            continue
        head, digits, tail = found.groups()
        yield f"{head[:-1]}"
        pieces = [digits[n : n + width - 8] for n in range(0, len(digits), width - 8)]
        yield from (f'    "{piece}"' for piece in pieces)
        yield f"{tail[1:]}"


class _Sleep(NamedTuple):
    """All sleeps of a session together."""

    epoll: int
    seconds: float


class _Writer:
    """Goes over the calls once, and knows by then what each descriptor is named."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._names = Names()
        self._known = Known()

    def lines(self) -> Iterator[str]:
        at = 0
        while at < len(self._calls):
            call = self._calls[at]
            if call.name == "epoll_pwait":
                count, lines = self._sleep(at)
            else:
                count = self._alike(at)
                lines = self._statement(call, count)
            yield from lines
            for one in self._calls[at : at + count]:
                self._known.learn(one)
            at += count

    def _sleep(self, at: int) -> tuple[int, list[str]]:
        """A run of sleeps, and the epoll instance of them that watches rings."""
        run = []
        for call in self._calls[at:]:
            if call.name != "epoll_pwait":
                break
            run.append(call)
        seconds = sum(call.seconds for call in run)
        epolls = [call.words[0] for call in run]
        best = max(epolls, key=lambda fd: len(self._known.thing(fd).watches))
        return len(run), [f"listen({self._names.of(best)}, {seconds:.1f})"]

    def _alike(self, at: int) -> int:
        """How many calls from here on differ only in a key that counts up."""
        first = self._calls[at]
        key = first.block("attr.key")
        if first.command != "BPF_MAP_LOOKUP_ELEM" or key is None or key.room != 4:
            return 1
        count = 1
        for call in self._calls[at + 1 :]:
            block = call.block("attr.key")
            same = call.command == first.command and call.words[2] == first.words[2]
            same = same and call.blocks[0].refs[0] == first.blocks[0].refs[0]
            wanted = int.from_bytes(key.before or b"", "little") + count
            if not same or block is None or block.before != wanted.to_bytes(4, "little"):
                break
            count += 1
        return count

    def _statement(self, call: Call, count: int) -> list[str]:
        if call.name in _FORGOTTEN and not self._ours(call):
            return []
        return statement(call, count, self._names, self._known)

    def _ours(self, call: Call) -> bool:
        fds = [ref.fd for ref in call.refs if ref.fd is not None]
        return all(self._names.has(fd) for fd in fds)
