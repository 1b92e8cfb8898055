"""Print every system call that a short `rawbpf kprobe` makes, as docs/architecture.md shows them.

    rawbpf guest -- python docs/journey.py

The gate shows each call to an observer when it has returned, on the thread that made it; whatever
its words point to is still there and can be read.
"""

import ctypes
import itertools

import rawbpf
from rawbpf.syscall.gate import observed
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrInfo, BpfAttrMapCreate, BpfAttrMapElem, BpfAttrProgLoad
from rawbpf.uapi.perf_event import PerfEventAttr, perf_event_ioc

ATTRS = {
    bpf_cmd.BPF_MAP_CREATE: BpfAttrMapCreate,
    bpf_cmd.BPF_MAP_LOOKUP_ELEM: BpfAttrMapElem,
    bpf_cmd.BPF_MAP_UPDATE_ELEM: BpfAttrMapElem,
    bpf_cmd.BPF_PROG_LOAD: BpfAttrProgLoad,
    bpf_cmd.BPF_OBJ_GET_INFO_BY_FD: BpfAttrInfo,
}


def text_at(address: int) -> str:
    return f'"{ctypes.string_at(address).decode()}"'


def number_at(address: int) -> str:
    return f"&{ctypes.c_uint32.from_address(address).value}"


SHOW = {
    "map_type": lambda n: bpf_map_type(n).name.removeprefix("BPF_MAP_TYPE_"),
    "prog_type": lambda n: bpf_prog_type(n).name.removeprefix("BPF_PROG_TYPE_"),
    "map_name": lambda name: f'"{name.decode()}"',
    "prog_name": lambda name: f'"{name.decode()}"',
    "license": text_at,
    "config1": text_at,
    "key": number_at,
    "insns": lambda _: "&...",
    "info": lambda _: "&...",
}


def fields(kind: type[ctypes.Structure], address: int, **show) -> str:
    """The fields that are not 0, named."""
    struct = kind.from_address(address)
    found = ((name, getattr(struct, name)) for name, *_ in kind._fields_)
    how = {**SHOW, **show}
    return ", ".join(f"{name}={how.get(name, str)(value)}" for name, value in found if value)


def describe(name: str, words: tuple[int, ...], result: int) -> str:
    """One call as a line."""
    if name == "bpf":
        command, address, size = words
        # A lookup's value is what came back: a row of counters. An update's is a descriptor.
        looked_up = command == bpf_cmd.BPF_MAP_LOOKUP_ELEM
        value = (lambda _: "&...") if looked_up else number_at
        attr = fields(ATTRS[command], address, value=value)
        return f"bpf({bpf_cmd(command).name}, {{{attr}}}, {size}) = {result}"
    if name == "perf_event_open":
        attr = fields(PerfEventAttr, words[0])
        rest = ", ".join(map(str, words[1:]))
        return f"perf_event_open({{{attr}}}, {rest}) = {result}"
    if name == "ioctl":
        return f"ioctl({words[0]}, {perf_event_ioc(words[1]).name}, {words[2]}) = {result}"
    if name == "mmap":
        return f"mmap(NULL, {words[1]}, READ|WRITE, SHARED, {words[4]}, 0) = ADDRESS"
    if name == "munmap":
        return f"munmap(ADDRESS, {words[1]}) = {result}"
    if name == "epoll_ctl":
        return f"epoll_ctl({words[0]}, ADD, {words[2]}, &...) = {result}"
    if name == "epoll_pwait":
        return f"epoll_pwait({words[0]}, &..., {words[2]}, {words[3]}, NULL, 0) = {result}"
    return f"{name}({', '.join(map(str, words))}) = {result}"


def shorten(lines: list[str]) -> list[str]:
    """Of calls that differ only in a key or in how they waited, the first."""
    short = []
    for _, group in itertools.groupby(lines, key=lambda line: line.partition("key=")[0]):
        first, *others = group
        short.append(first)
        if others and "key=" in first:
            short.append(f"    ... and {len(others)} more of these")
        else:
            short += others
    return short


def main() -> None:
    lines: list[str] = []
    observer = observed(lambda *call: lines.append(describe(*call)))
    with observer, rawbpf.Kprobe("do_sys_openat2") as probe:
        lines.append("--- attached")
        for _batch in probe.batches(0.5):
            pass
        lines.append(f"--- {probe.ledger.summary()}")
    print("\n".join(shorten(lines)))


if __name__ == "__main__":
    main()
