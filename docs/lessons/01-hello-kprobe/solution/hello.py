"""Lesson 01: a kprobe from bytecode to events, one system call at a time.

The functions, in the order of the steps:

    usage()         │ step 1    the help text, from which docopt parses the command line
    system_call()   │ step 2    make a system call
    create_map()    │ step 3    bpf(BPF_MAP_CREATE): the array that holds the ring of each CPU
    hello_kprobe()  │ step 4    the program's bytecode
    load()          │ step 5    bpf(BPF_PROG_LOAD): the verifier checks the program
    open_ring()     │ step 6    perf_event_open + mmap: memory shared with the kernel
    attach()        │ step 7    perf_event_open + ioctl: from now on every call runs the program
    drain()         │ step 8    read the records of a ring and free their space
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

from rawbpf.arch import native
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

PAGE = mmap.PAGESIZE
DATA_PAGES = 8
HEAD, TAIL = PerfEventMmapPage.data_head.offset // 8, PerfEventMmapPage.data_tail.offset // 8

NUMBERS = native().syscalls
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.argtypes = [ctypes.c_long] * 7
LIBC.syscall.restype = ctypes.c_long


def usage() -> str:
    """Return the help text for docopt, with FUNCTION and -d or --duration (default 0)."""
    return """Print a line each time a kernel function is called.

Usage:
  hello.py FUNCTION [--duration SECONDS]
  hello.py (-h | --help)

Options:
  -d, --duration SECONDS  Stop after this many seconds; 0: at Ctrl+C [default: 0].
  -h, --help              Show this help.
"""


def system_call(name: str, *words: int) -> int:
    """Call syscall(2) and return its result. Raises OSError if the call fails."""
    words += (0,) * (6 - len(words))
    result = LIBC.syscall(NUMBERS[name], *words)
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), name)
    return result


def bpf(command: bpf_cmd, attr: ctypes.Structure) -> int:
    """Call bpf(2) with a command, the attr's address and the attr's size."""
    return system_call("bpf", command, ctypes.addressof(attr), ctypes.sizeof(attr))


def create_map(slots: int) -> int:
    """Create a PERF_EVENT_ARRAY with ``slots`` entries, and return its file descriptor."""
    attr = BpfAttrMapCreate(
        map_type=bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
        key_size=4,
        value_size=4,
        max_entries=slots,
        map_name=b"events",
    )
    return bpf(bpf_cmd.BPF_MAP_CREATE, attr)


def hello_kprobe(events: int) -> bytes:
    """Return a program that sends {u64 pid_tgid; char comm[16]} to the current CPU's ring."""
    b = Builder("hello_kprobe")
    b.mov(r6, r1)  # r1 is the context; save it, because calls overwrite r1 to r5
    b.call("get_current_pid_tgid")
    b.stxdw(r10[-24], r0)  # r10 is the upper end of the 512-byte stack
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
    """Load the program and return its file descriptor.

    Exit with the verifier's log if the program is rejected.
    """
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
    """Open the ring of one CPU, store its event in the map at index ``cpu``, and return both."""
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
    ring = mmap.mmap(event, (1 + DATA_PAGES) * PAGE)  # shared, readable and writable
    key, value = ctypes.c_uint32(cpu), ctypes.c_uint32(event)
    element = BpfAttrMapElem(map_fd=events)
    element.key, element.value = ctypes.addressof(key), ctypes.addressof(value)
    bpf(bpf_cmd.BPF_MAP_UPDATE_ELEM, element)
    return event, ring


def attach(program: int, function: str) -> int:
    """Attach the program to a function. Return the probe, which is removed when it is closed."""
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
    """Return the raw data of each sample that the kernel has written since the last call."""
    control, data = ring[:PAGE].cast("Q"), ring[PAGE:]
    head, tail = control[HEAD], control[TAIL]
    begin, length = tail % len(data), head - tail
    records = bytes(data[begin : begin + length])
    records += bytes(data[: length - len(records)])  # the part that wrapped around
    control[TAIL] = head  # the kernel may now reuse this space
    samples = []
    while records:
        kind, _misc, size = struct.unpack_from("=IHH", records)
        if kind == PERF_RECORD_SAMPLE:
            samples.append(records[12:size])  # skip the header and the u32 length
        records = records[size:]
    return samples


# The rest of this file is complete. The remaining code calls the functions above.


def show(samples: list[bytes]) -> None:
    """Print a line for each sample."""
    for sample in samples:
        pid_tgid, comm = struct.unpack_from("=Q16s", sample)
        name = comm.partition(b"\0")[0].decode(errors="backslashreplace")
        print(f"kprobe triggered! pid {pid_tgid >> 32} {name!r}", flush=True)


def online_cpus() -> list[int]:
    """Return the numbers of the online CPUs. The file contains ranges such as 0-3,6."""
    text = Path("/sys/devices/system/cpu/online").read_text()
    ends = (part.split("-") for part in text.strip().split(","))
    return [cpu for end in ends for cpu in range(int(end[0]), int(end[-1]) + 1)]


def listen(rings: dict[int, memoryview], seconds: float) -> None:
    """Wait for records and print them until the time is up; 0 seconds means no limit."""
    poll = select.epoll()
    for event in rings:
        poll.register(event, select.EPOLLIN)
    until = time.monotonic() + seconds if seconds else None
    while until is None or time.monotonic() < until:
        for event, _ in poll.poll(until and max(0, until - time.monotonic())):
            show(drain(rings[event]))
    poll.close()


def seconds_of(text: str) -> float:
    """Return the duration as a number, or exit if it is not a number."""
    try:
        return float(text)
    except ValueError:
        sys.exit(f"invalid duration {text!r}: give seconds, such as 2 or 0.5")


def main() -> None:
    """Attach the kprobe, print its events, and detach it."""
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
