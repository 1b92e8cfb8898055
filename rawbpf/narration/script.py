"""Recorded calls as a Python file that makes them without rawbpf.

The file imports ctypes, mmap and struct and nothing else, and has fewer than 150 lines. A structure
becomes a struct.pack, with the names of its fields in front of the first of its kind, a descriptor
a name, a program its bytes; a row of calls that differ in nothing but the number that is their key
becomes a loop, and all the sleeping one loop that drains the rings. What rings hold is printed.

Left out is what only the recorded process had: the pipe that woke it, its stdout, its rights.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.errors import UnsupportedError
from rawbpf.narration.call import OWN_AFFAIRS
from rawbpf.narration.known import Known
from rawbpf.narration.script_pack import Names
from rawbpf.narration.script_parts import OPENING, PARTS
from rawbpf.narration.script_text import statement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.narration.call import Call

__all__ = ["LONGEST", "script"]

LONGEST = 149
"""Lines that a script may have."""

_GROUPS = (5, 11, 22, 1 << 20)
"""Groups of eight bytes in a line of hex: five are easily read; more if there is no other way."""

_FORGOTTEN = ("epoll_ctl", "close")


def script(calls: Sequence[Call], command: str) -> str:
    """The file's text. UnsupportedError for a session that does not fit into so few lines."""
    body = list(_Writer(calls).lines())
    opening = _opening("\n".join(body), command)
    for groups in _GROUPS:
        text = "\n".join([opening, *_wrapped(body, groups)]) + "\n"
        if text.count("\n") <= LONGEST:
            return text
    why = f"its {len(calls)} calls take {text.count(chr(10))} lines, and {LONGEST} are allowed"
    raise UnsupportedError("this session is too long for a script", why=why)


def _opening(body: str, command: str) -> str:
    """What the body needs, and two empty lines."""
    shown = re.sub(r"[^ -\[\]-~]", "?", command.replace('"""', "?"))
    parts = [part.text for part in PARTS if any(word in body for word in part.words)]
    text = "\n".join([OPENING.replace("COMMAND", shown), *parts]) + "\n"
    return text if "mmap." in text + body else text.replace("import mmap\n", "")


def _wrapped(body: Sequence[str], groups: int) -> Iterator[str]:
    """Hex in lines of a bearable length."""
    most = groups * len("0123456789abcdef ")

    def fold(found: re.Match[str]) -> str:
        digits = found[1]
        if len(digits) <= most:
            return found[0]
        rows = (digits[at : at + most].strip() for at in range(0, len(digits), most))
        return "fromhex(\n" + "\n".join(f'    "{row}"' for row in rows) + "\n)"

    for line in body:
        yield from re.sub(r'fromhex\("([0-9a-f ]+)"\)', fold, line).split("\n")


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
        if call.name in OWN_AFFAIRS or (call.name in _FORGOTTEN and not self._ours(call)):
            return []
        return statement(call, count, self._names, self._known)

    def _ours(self, call: Call) -> bool:
        fds = [ref.fd for ref in call.refs if ref.fd is not None]
        return all(self._names.has(fd) for fd in fds)
