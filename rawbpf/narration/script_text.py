"""One call as a statement of a script."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from rawbpf.narration.line import format_call
from rawbpf.narration.made import Thing, made_by
from rawbpf.narration.script_pack import Names, Packed, packed
from rawbpf.narration.script_parts import NR
from rawbpf.narration.values import member
from rawbpf.syscall.epoll import EVENT
from rawbpf.uapi.bpf import bpf_map_type
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.narration.call import Call
    from rawbpf.narration.known import Known

__all__ = ["statement"]

_WIDTH = 96


def statement(call: Call, count: int, names: Names, known: Known) -> list[str]:
    """The lines of a call; of ``count`` calls that differ in their key alone."""
    names.counting = count > 1
    lines = _STATEMENTS[call.name](call, names, known)
    if count > 1:
        key = call.block("attr.key")
        first = int.from_bytes((key.before or b"") if key is not None else b"", "little")
        *comments, made = lines
        return [*comments, f"for n in range({first}, {first + count}):", f"    {made}"]
    return lines


def _fields(what: str, made: Packed, names: Names) -> list[str]:
    """The names of the values, in comments in front of the first such call."""
    said = f"{what}: {', '.join(made.fields)}"
    return wrap(said, _WIDTH, initial_indent="# ", subsequent_indent="#   ") * names.first(said)


def _give(call: Call, names: Names) -> str:
    return f"{names.give(call.result, made_by(call).label)} = " if call.makes_fd else ""


def _fine(call: Call) -> str:
    return "" if call.result >= 0 else ", fine=False"


def _bpf(call: Call, names: Names, _: Known) -> list[str]:
    made = packed(call, call.blocks[0], names, size=call.words[2])
    given = _give(call, names)
    words = ", ".join([str(call.words[0]), repr(made.form), *made.values])
    line = f"{given}bpf({words}{_fine(call)})  # {call.command}"
    return [*_fields(call.command, made, names), line]


def _perf_event_open(call: Call, names: Names, _: Known) -> list[str]:
    made = packed(call, call.blocks[0], names, size=call.blocks[0].room)
    given = _give(call, names)
    words = ", ".join([repr(made.form), *made.values])
    where = f"pid={call.words[1]}, cpu={call.words[2]}"
    line = f"{given}perf_event_open({words}, {where}{_fine(call)})"
    return [*_fields("struct perf_event_attr", made, names), line]


def _ioctl(call: Call, names: Names, _: Known) -> list[str]:
    fd, request, argument = call.words
    is_fd = any(ref.at == 2 for ref in call.refs)
    name = member(perf_event_ioc, request)
    what = f"{names.of(fd)}, {request:#x}, {names.of(argument) if is_fd else argument}"
    return [f"call({NR['ioctl']}, {what}{_fine(call)})" + (f"  # {name}" if name else "")]


def _mmap(call: Call, names: Names, known: Known) -> list[str]:
    _, size, protection, _, fd, offset = call.words
    name = names.of(fd)
    if call.result < 0:
        return [f"# {format_call(call)}"]
    if known.thing(fd).kind == "perf":
        return [f'perf_ring("{name}", {name}, {size})']
    if known.thing(fd).map_type == bpf_map_type.BPF_MAP_TYPE_RINGBUF:
        return [f'bpf_ring("{name}", {name}, {size}, {protection}, {offset})']
    return [f"KEPT.append(mmap.mmap({name}, {size}, mmap.MAP_SHARED, {protection}))"]


def _munmap(call: Call, names: Names, known: Known) -> list[str]:
    """A ring is forgotten, and unmapped with that; other memory goes with the script."""
    fd = known.mappings.get(call.words[0], -1)
    if not names.has(fd) or not _is_ring(known.thing(fd)):
        return []
    line = f'RINGS.pop("{names.of(fd)}")  # munmap(2), as nothing refers to it any more'
    return [line] * names.first(line)  # a ring of two mappings is one


def _is_ring(thing: Thing) -> bool:
    return thing.kind == "perf" or thing.map_type == bpf_map_type.BPF_MAP_TYPE_RINGBUF


def _epoll_create1(call: Call, names: Names, _: Known) -> list[str]:
    made = f"call({NR['epoll_create1']}, {call.words[0]:#o})"
    return [f"{_give(call, names)}{made}  # epoll_create1(2)"]


def _epoll_ctl(call: Call, names: Names, _: Known) -> list[str]:
    epoll, operation, fd, _address = call.words
    block = call.block("event")
    happened, word = EVENT.unpack((block.before or b"") if block is not None else bytes(EVENT.size))
    event = f'at(struct.pack("{EVENT.format}", {happened}, {word}))'
    what = f"{names.of(epoll)}, {operation}, {names.of(fd)}, {event}"
    return [f"call({NR['epoll_ctl']}, {what}{_fine(call)})  # epoll_ctl(2)"]


def _close(call: Call, names: Names, known: Known) -> list[str]:
    fd = call.words[0]
    line = f"call({NR['close']}, {names.of(fd)})  # close(2)"
    names.forget(fd)
    attached = known.thing(fd).kind == "link" or known.thing(fd).kind.endswith("probe")
    return [line, "drain_all()"] if attached and known.mappings else [line]


_STATEMENTS: dict[str, Callable[[Call, Names, Known], list[str]]] = {
    "bpf": _bpf,
    "perf_event_open": _perf_event_open,
    "ioctl": _ioctl,
    "mmap": _mmap,
    "munmap": _munmap,
    "epoll_create1": _epoll_create1,
    "epoll_ctl": _epoll_ctl,
    "close": _close,
}
