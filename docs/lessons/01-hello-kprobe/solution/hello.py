"""Lesson 01: a kprobe from bytes to events, one system call after the other.

usage()         step 1    what can be typed
system_call()   step 2    the door to the kernel
create_map()    step 3    bpf(BPF_MAP_CREATE): the array in which the program finds its rings
hello_kprobe()  step 4    the program, as bytes
load()          step 5    bpf(BPF_PROG_LOAD): the verifier reads it
open_ring()     step 6    perf_event_open + mmap: memory that the kernel writes and we read
attach()        step 7    perf_event_open + ioctl: from here on every call runs the program
drain()         step 8    the records of a ring, and its space given back
"""

import ctypes
import mmap
import os
import select
import struct
import sys
import time
from pathlib import Path

from docopt import docopt

from rawbpf.asm import Builder, r0, r1, r2, r3, r4, r5, r6, r10
from rawbpf.uapi.bpf import BPF_F_CURRENT_CPU, bpf_cmd, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrMapElem, BpfAttrProgLoad
from rawbpf.uapi.perf_event import (
    PERF_COUNT_SW_BPF_OUTPUT,
    PERF_FLAG_FD_CLOEXEC,
    PERF_RECORD_SAMPLE,
    PERF_SAMPLE_RAW,
    PERF_TYPE_SOFTWARE,
    PerfEventAttr,
    PerfEventMmapPage,
    perf_event_ioc,
)
from rawbpf.uapi.syscall_nr import SYSCALL_NR

PAGE = mmap.PAGESIZE
DATA_PAGES = 8
HEAD, TAIL = PerfEventMmapPage.data_head.offset // 8, PerfEventMmapPage.data_tail.offset // 8

NUMBERS = SYSCALL_NR[os.uname().machine]
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.argtypes = [ctypes.c_long] * 7
LIBC.syscall.restype = ctypes.c_long


def usage() -> str:
    """The command line, as docopt reads it: FUNCTION, and -d or --duration with a default of 0."""
    return """Log a line each time a kernel function is called.

Usage:
  hello.py FUNCTION [--duration SECONDS]
  hello.py (-h | --help)

Options:
  -d, --duration SECONDS  Stop after that long; 0 means until Ctrl+C [default: 0].
  -h, --help              Show this.
"""


def system_call(name: str, *words: int) -> int:
    """Enter the kernel by syscall(2), and raise OSError when it says no."""
    words += (0,) * (6 - len(words))
    result = LIBC.syscall(NUMBERS[name], *words)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


def bpf(command: bpf_cmd, attr: ctypes.Structure) -> int:
    """bpf(2): a command, the address of its attr, the attr's size. Given."""
    return system_call("bpf", command, ctypes.addressof(attr), ctypes.sizeof(attr))


def create_map(slots: int) -> int:
    """A PERF_EVENT_ARRAY with a slot for each CPU; its file descriptor."""
    attr = BpfAttrMapCreate(
        map_type=bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
        key_size=4,
        value_size=4,
        max_entries=slots,
        map_name=b"events",
    )
    return bpf(bpf_cmd.BPF_MAP_CREATE, attr)


def hello_kprobe(events: int) -> bytes:
    """The program: sends {u64 pid and tid; char comm[16]}, 24 bytes, to the ring of its CPU."""
    b = Builder("hello_kprobe")
    b.mov(r6, r1)  # the context arrives in r1; a call destroys r1 to r5, r6 survives
    b.call("get_current_pid_tgid")
    b.stxdw(r10[-24], r0)  # r10 is the top of 512 bytes of stack
    b.mov(r1, r10)
    b.add(r1, -16)
    b.mov(r2, 16)
    b.call("get_current_comm")
    b.mov(r1, r6)
    b.ld_map_fd(r2, events)
    b.lddw(r3, BPF_F_CURRENT_CPU)
    b.mov(r4, r10)
    b.add(r4, -24)
    b.mov(r5, 24)
    b.call("perf_event_output")
    b.mov(r0, 0)
    b.exit()
    return b.build().encode()


def load(code: bytes) -> int:
    """The program's file descriptor, once the verifier has let it pass."""
    insns = ctypes.create_string_buffer(code, len(code))
    license_ = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 16)
    attr = BpfAttrProgLoad(
        prog_type=bpf_prog_type.BPF_PROG_TYPE_KPROBE,
        insn_cnt=len(code) // 8,
        insns=ctypes.addressof(insns),
        license=ctypes.addressof(license_),
        log_level=1,
        log_size=len(log),
        log_buf=ctypes.addressof(log),
        prog_name=b"hello_kprobe",
    )
    try:
        return bpf(bpf_cmd.BPF_PROG_LOAD, attr)
    except OSError as error:
        sys.exit(f"Failed to load eBPF program: {error}\n{log.value.decode()}")


def open_ring(cpu: int, events: int) -> tuple[int, mmap.mmap]:
    """The ring of one CPU: its event, and its memory; the event is in slot ``cpu`` of the map."""
    attr = PerfEventAttr(
        type=PERF_TYPE_SOFTWARE,
        size=ctypes.sizeof(PerfEventAttr),
        config=PERF_COUNT_SW_BPF_OUTPUT,
        sample_type=PERF_SAMPLE_RAW,
        sample_period=1,
        wakeup_events=1,
    )
    address = ctypes.addressof(attr)
    event = system_call("perf_event_open", address, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)
    ring = mmap.mmap(event, (1 + DATA_PAGES) * PAGE)  # shared, to read and to write
    key, value = ctypes.c_uint32(cpu), ctypes.c_uint32(event)
    element = BpfAttrMapElem(map_fd=events)
    element.key, element.value = ctypes.addressof(key), ctypes.addressof(value)
    bpf(bpf_cmd.BPF_MAP_UPDATE_ELEM, element)
    return event, ring


def attach(program: int, function: str) -> int:
    """The probe's file descriptor. The probe lives until it is closed."""
    name = ctypes.create_string_buffer(function.encode())
    attr = PerfEventAttr(
        type=int(Path("/sys/bus/event_source/devices/kprobe/type").read_text()),
        size=ctypes.sizeof(PerfEventAttr),
        config1=ctypes.addressof(name),
    )
    address = ctypes.addressof(attr)
    probe = system_call("perf_event_open", address, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)
    system_call("ioctl", probe, perf_event_ioc.PERF_EVENT_IOC_SET_BPF, program)
    system_call("ioctl", probe, perf_event_ioc.PERF_EVENT_IOC_ENABLE, 0)
    return probe


def drain(ring: memoryview) -> list[bytes]:
    """What the kernel has written since the last time: the raw data of each sample."""
    control, data = ring[:PAGE].cast("Q"), ring[PAGE:]
    head, tail = control[HEAD], control[TAIL]
    begin, length = tail % len(data), head - tail
    records = bytes(data[begin : begin + length])
    records += bytes(data[: length - len(records)])  # what went around the end
    control[TAIL] = head  # we have it: the kernel may write here again
    samples = []
    while records:
        kind, _misc, size = struct.unpack_from("=IHH", records)
        if kind == PERF_RECORD_SAMPLE:
            samples.append(records[12:size])  # behind the header, a u32 with the raw size
        records = records[size:]
    return samples


# From here on nothing is missing: this is how the steps come together.


def show(samples: list[bytes]) -> None:
    """A line for each sample."""
    for sample in samples:
        pid_tgid, comm = struct.unpack_from("=Q16s", sample)
        name = comm.partition(b"\0")[0].decode(errors="backslashreplace")
        print(f"kprobe triggered! pid {pid_tgid >> 32} {name!r}", flush=True)


def online_cpus() -> list[int]:
    """The numbers of the CPUs that are online, from a text such as 0-3,6."""
    text = Path("/sys/devices/system/cpu/online").read_text()
    ends = (part.split("-") for part in text.strip().split(","))
    return [cpu for end in ends for cpu in range(int(end[0]), int(end[-1]) + 1)]


def listen(rings: dict[int, memoryview], seconds: float) -> None:
    """Sleep until a ring has something; show it; until the time is up."""
    poll = select.epoll()
    for event in rings:
        poll.register(event, select.EPOLLIN)
    until = time.monotonic() + seconds if seconds else None
    while until is None or time.monotonic() < until:
        for event, _ in poll.poll(until and max(0, until - time.monotonic())):
            show(drain(rings[event]))
    poll.close()


def seconds_of(text: str) -> float:
    """A duration as a number."""
    try:
        return float(text)
    except ValueError:
        sys.exit(f"The duration is {text!r}: give seconds, such as 2 or 0.5")


def main() -> None:
    """The whole journey."""
    arguments = docopt(usage())
    function, seconds = arguments["FUNCTION"], seconds_of(arguments["--duration"])
    print(f"Attaching kprobe to function: {function}")
    print(f"Duration: {seconds:g} seconds (0 = until Ctrl+C)")
    cpus = online_cpus()
    events = create_map(max(cpus) + 1)
    program = load(hello_kprobe(events))
    rings = dict(open_ring(cpu, events) for cpu in cpus)
    try:
        probe = attach(program, function)
    except OSError as error:
        sys.exit(
            f"Failed to attach kprobe to '{function}': {error.strerror}. "
            "Is this a valid kernel function?"
        )
    print(f"Attached kprobe to: {function}")
    print("Listening for events... (Ctrl+C to stop)", flush=True)
    try:
        listen({event: memoryview(ring) for event, ring in rings.items()}, seconds)
        print("\nDuration elapsed, detaching kprobe...")
    except KeyboardInterrupt:
        print("\nReceived Ctrl+C, detaching kprobe...")
    os.close(probe)
    for ring in rings.values():
        show(drain(memoryview(ring)))
    print("Kprobe detached. Exiting.")


if __name__ == "__main__":
    main()
