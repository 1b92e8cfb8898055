"""Format a call as strace(1) would, but without the fields that are 0.

bpf(BPF_MAP_UPDATE_ELEM, {map_fd=3<map:events>, key=[0], value=[6<perf:cpu0>]}, 32) = 0
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from rawbpf.errors import errno_words
from rawbpf.narration.capture.layout import member
from rawbpf.narration.tell import values
from rawbpf.narration.tell.members import members
from rawbpf.syscall.capset import CAP_DATA
from rawbpf.syscall.fd import EVENT
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rawbpf.narration.capture.call import Block, Call

__all__ = ["format_call"]


def format_call(call: Call) -> str:
    """Format a call as one line that does not include its duration."""
    arguments = _ARGUMENTS.get(call.name, _words)(call)
    return f"{call.name}({', '.join(arguments)}) = {_result(call)}"


def _result(call: Call) -> str:
    if call.result < 0:
        return f"-1 {errno_words(-call.result)}"
    if call.name == "mmap":
        return hex(call.result)
    return call.shown_fd(call.result) if call.makes_fd else str(call.result)


def _structure(call: Call, block: Block) -> str:
    """Format fields as ``{a=1, test={b=2}}``, without the fields that are 0."""
    shown = [one for one in members(call, block) if not one.empty]
    return _nested([(one.name.split("."), one.text) for one in shown])


def _nested(rows: Iterable[tuple[list[str], str]]) -> str:
    """Format rows of (path, text) with nested braces."""
    groups: dict[str, list[tuple[list[str], str]]] = {}
    for (head, *rest), text in rows:
        groups.setdefault(head, []).append((rest, text))
    parts = (
        f"{head}={_nested(inner) if inner[0][0] else inner[0][1]}" for head, inner in groups.items()
    )
    return "{" + ", ".join(parts) + "}"


def _attr(call: Call, at: int) -> str:
    """Format a structure, or its address if its type is unknown."""
    block = call.block("attr")
    if block is None or block.struct is None:
        return hex(call.words[at])
    return _structure(call, block)


def _bpf(call: Call) -> list[str]:
    return [call.command, _attr(call, 1), str(call.words[2])]


def _perf_event_open(call: Call) -> list[str]:
    attr = _attr(call, 0)
    pid, cpu, group, flags = call.words[1:5]
    return [attr, str(pid), str(cpu), str(group), values.flags(flags, values.PERF_OPEN)]


def _ioctl(call: Call) -> list[str]:
    fd, request, argument = call.words
    name = member(perf_event_ioc, request) or hex(request)
    last = call.shown_fd(argument) if argument in call.fds else str(argument)
    return [call.shown_fd(fd), name, last]


def _mmap(call: Call) -> list[str]:
    address, size, protection, how, fd, offset = call.words
    return [
        hex(address) if address else "NULL",
        str(size),
        values.flags(protection, values.PROT),
        values.flags(how, values.MAP),
        call.shown_fd(fd),
        hex(offset) if offset else "0",
    ]


def _munmap(call: Call) -> list[str]:
    return [hex(call.words[0]), str(call.words[1])]


def _epoll_create1(call: Call) -> list[str]:
    return [values.flags(call.words[0], {0: "0", 0o2000000: "EPOLL_CLOEXEC"})]


def _epoll_ctl(call: Call) -> list[str]:
    epoll, operation, fd, address = call.words
    block = call.block("event")
    event = (block.before or b"") if block is not None else b""
    shown = _event(*EVENT.unpack(event)) if len(event) == EVENT.size else hex(address)
    name = values.EPOLL_CTL.get(operation, str(operation))
    return [call.shown_fd(epoll), name, call.shown_fd(fd), shown]


def _epoll_pwait(call: Call) -> list[str]:
    epoll, _, room, timeout, mask, size = call.words
    block = call.block("events")
    raw = (block.after or b"") if block is not None else b""
    whole = raw[: len(raw) // EVENT.size * EVENT.size]
    events = [_event(*event) for event in EVENT.iter_unpack(whole)]
    shown = f"[{', '.join(events)}]"
    mask_shown = hex(mask) if mask else "NULL"
    return [call.shown_fd(epoll), shown, str(room), str(timeout), mask_shown, str(size)]


def _event(happened: int, word: int) -> str:
    """Format an epoll_event: its events, and the number that was registered with the descriptor."""
    return f"{{events={values.flags(happened, values.EPOLL)}, data={{u64={word}}}}}"


def _close(call: Call) -> list[str]:
    return [call.shown_fd(call.words[0])]


def _capabilities(call: Call) -> list[str]:
    """Format the capability sets of capget and capset; the header always refers to this thread."""
    block = call.block("data")
    raw = (block.before or block.after or b"") if block is not None else b""
    if len(raw) != CAP_DATA:
        return _words(call)
    words = struct.unpack("=6I", raw)
    names = ("effective", "permitted", "inheritable")
    sets = zip(names, words[:3], words[3:], strict=True)
    shown = [f"{name}={values.capabilities(low | high << 32)}" for name, low, high in sets]
    return ["{version=_LINUX_CAPABILITY_VERSION_3, pid=0}", f"{{{', '.join(shown)}}}"]


def _prctl(call: Call) -> list[str]:
    option, *rest = call.words
    return [values.PRCTL.get(option, str(option)), *map(str, rest)]


def _words(call: Call) -> list[str]:
    return list(map(hex, call.words))


_ARGUMENTS: dict[str, Callable[[Call], list[str]]] = {
    "bpf": _bpf,
    "perf_event_open": _perf_event_open,
    "ioctl": _ioctl,
    "mmap": _mmap,
    "munmap": _munmap,
    "epoll_create1": _epoll_create1,
    "epoll_ctl": _epoll_ctl,
    "epoll_pwait": _epoll_pwait,
    "close": _close,
    "capget": _capabilities,
    "capset": _capabilities,
    "prctl": _prctl,
}
