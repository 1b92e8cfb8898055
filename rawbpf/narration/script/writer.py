"""Write recorded calls as a Python script that repeats these calls without rawbpf.

The script imports only ctypes, mmap and struct, and is shorter than 150 lines. A structure becomes
a struct.pack call, with a comment listing the field names before the first structure of its kind; a
descriptor becomes a variable, and a program becomes bytes. Calls that differ only in an
incrementing key become a loop, and a run of sleeps becomes a single loop that drains the rings and
prints the records.

The script omits calls that concern only the recorded process: the pipe that woke it up, its
standard output, and its capabilities.
"""

from __future__ import annotations

import re
from textwrap import wrap
from typing import TYPE_CHECKING

from rawbpf.errors import UnsupportedError
from rawbpf.narration.capture.call import OWN_AFFAIRS
from rawbpf.narration.capture.known import Known, Thing, made_by
from rawbpf.narration.capture.layout import member
from rawbpf.narration.script.expressions import FdNames, Packed, packed
from rawbpf.narration.script.parts import NR, OPENING, PARTS
from rawbpf.narration.tell.line import format_call
from rawbpf.syscall.fd import EVENT
from rawbpf.uapi.bpf import bpf_map_type
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rawbpf.narration.capture.call import Call

__all__ = ["LONGEST", "script"]

LONGEST = 149
"""The maximum number of lines in a script."""

_GROUPS = (5, 11, 22, 1 << 20)
"""The number of eight-byte groups in a line of hex.

Five groups are readable, and more are used only if the script is too long."""

_FORGOTTEN = ("epoll_ctl", "close")
_WIDTH = 96


def script(calls: Sequence[Call], command: str) -> str:
    """Return the text of the script.

    Raises UnsupportedError if the script would exceed the line limit.
    """
    body = list(_Writer(calls).lines())
    opening = _opening("\n".join(body), command)
    for groups in _GROUPS:
        text = "\n".join([opening, *_wrapped(body, groups)]) + "\n"
        if text.count("\n") <= LONGEST:
            return text
    why = (
        f"the script for its {len(calls)} calls would be {text.count(chr(10))} lines long, "
        f"but the limit is {LONGEST}"
    )
    raise UnsupportedError("this session is too long for a script", why=why)


def _opening(body: str, command: str) -> str:
    """Return the fixed parts that the script's body needs."""
    shown = re.sub(r"[^ -\[\]-~]", "?", command.replace('"""', "?"))
    parts = [part.text for part in PARTS if any(word in body for word in part.words)]
    text = "\n".join([OPENING.replace("COMMAND", shown), *parts]) + "\n"
    return text if "mmap." in text + body else text.replace("import mmap\n", "")


def _wrapped(body: Sequence[str], groups: int) -> Iterator[str]:
    """Yield the body's lines, with long hex strings wrapped."""
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
    """Translates the calls in order, and keeps track of the names of descriptors."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._names = FdNames()
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
        """Merge a run of sleeps into one sleep on the epoll instance that watches the rings."""
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
        """Return the number of consecutive calls that differ only in an incrementing key."""
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
        return _statement(call, count, self._names, self._known)

    def _ours(self, call: Call) -> bool:
        fds = [ref.fd for ref in call.refs if ref.fd is not None]
        return all(self._names.has(fd) for fd in fds)


def _statement(call: Call, count: int, names: FdNames, known: Known) -> list[str]:
    """Return the lines for one call, or for ``count`` calls that differ only in their key."""
    names.counting = count > 1
    lines = _STATEMENTS[call.name](call, names, known)
    if count > 1:
        key = call.block("attr.key")
        first = int.from_bytes((key.before or b"") if key is not None else b"", "little")
        *comments, made = lines
        return [*comments, f"for n in range({first}, {first + count}):", f"    {made}"]
    return lines


def _fields(what: str, made: Packed, names: FdNames) -> list[str]:
    """Return a comment with the field names, to precede the first structure of its kind."""
    said = f"{what}: {', '.join(made.fields)}"
    return wrap(said, _WIDTH, initial_indent="# ", subsequent_indent="#   ") * names.first(said)


def _give(call: Call, names: FdNames) -> str:
    return f"{names.give(call.result, made_by(call).label)} = " if call.makes_fd else ""


def _fine(call: Call) -> str:
    return "" if call.result >= 0 else ", fine=False"


def _bpf(call: Call, names: FdNames, _: Known) -> list[str]:
    made = packed(call, call.blocks[0], names, size=call.words[2])
    given = _give(call, names)
    words = ", ".join([str(call.words[0]), repr(made.form), *made.values])
    line = f"{given}bpf({words}{_fine(call)})  # {call.command}"
    return [*_fields(call.command, made, names), line]


def _perf_event_open(call: Call, names: FdNames, _: Known) -> list[str]:
    made = packed(call, call.blocks[0], names, size=call.blocks[0].room)
    given = _give(call, names)
    words = ", ".join([repr(made.form), *made.values])
    where = f"pid={call.words[1]}, cpu={call.words[2]}"
    line = f"{given}perf_event_open({words}, {where}{_fine(call)})"
    return [*_fields("struct perf_event_attr", made, names), line]


def _ioctl(call: Call, names: FdNames, _: Known) -> list[str]:
    fd, request, argument = call.words
    is_fd = any(ref.at == 2 for ref in call.refs)
    name = member(perf_event_ioc, request)
    what = f"{names.of(fd)}, {request:#x}, {names.of(argument) if is_fd else argument}"
    return [f"call({NR['ioctl']}, {what}{_fine(call)})" + (f"  # {name}" if name else "")]


def _mmap(call: Call, names: FdNames, known: Known) -> list[str]:
    _, size, protection, _, fd, offset = call.words
    name = names.of(fd)
    if call.result < 0:
        return [f"# {format_call(call)}"]
    if known.thing(fd).kind == "perf":
        return [f'perf_ring("{name}", {name}, {size})']
    if known.thing(fd).map_type == bpf_map_type.BPF_MAP_TYPE_RINGBUF:
        return [f'bpf_ring("{name}", {name}, {size}, {protection}, {offset})']
    return [f"KEPT.append(mmap.mmap({name}, {size}, mmap.MAP_SHARED, {protection}))"]


def _munmap(call: Call, names: FdNames, known: Known) -> list[str]:
    """Remove a ring, which is then unmapped; other mappings remain until the script ends."""
    fd = known.mappings.get(call.words[0], -1)
    if not names.has(fd) or not _is_ring(known.thing(fd)):
        return []
    line = f'RINGS.pop("{names.of(fd)}")  # munmap(2), when the last reference is gone'
    return [line] * names.first(line)  # the two mappings of a BPF ring buffer become one ring


def _is_ring(thing: Thing) -> bool:
    return thing.kind == "perf" or thing.map_type == bpf_map_type.BPF_MAP_TYPE_RINGBUF


def _epoll_create1(call: Call, names: FdNames, _: Known) -> list[str]:
    made = f"call({NR['epoll_create1']}, {call.words[0]:#o})"
    return [f"{_give(call, names)}{made}  # epoll_create1(2)"]


def _epoll_ctl(call: Call, names: FdNames, _: Known) -> list[str]:
    epoll, operation, fd, _address = call.words
    block = call.block("event")
    happened, word = EVENT.unpack((block.before or b"") if block is not None else bytes(EVENT.size))
    event = f'at(struct.pack("{EVENT.format}", {happened}, {word}))'
    what = f"{names.of(epoll)}, {operation}, {names.of(fd)}, {event}"
    return [f"call({NR['epoll_ctl']}, {what}{_fine(call)})  # epoll_ctl(2)"]


def _close(call: Call, names: FdNames, known: Known) -> list[str]:
    fd = call.words[0]
    line = f"call({NR['close']}, {names.of(fd)})  # close(2)"
    names.forget(fd)
    attached = known.thing(fd).kind == "link" or known.thing(fd).kind.endswith("probe")
    return [line, "drain_all()"] if attached and known.mappings else [line]


_STATEMENTS: dict[str, Callable[[Call, FdNames, Known], list[str]]] = {
    "bpf": _bpf,
    "perf_event_open": _perf_event_open,
    "ioctl": _ioctl,
    "mmap": _mmap,
    "munmap": _munmap,
    "epoll_create1": _epoll_create1,
    "epoll_ctl": _epoll_ctl,
    "close": _close,
}
