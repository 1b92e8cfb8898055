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
    raise NotImplementedError("step 1: return the help text that docopt parses")


def system_call(name: str, *words: int) -> int:
    """Call syscall(2) and return its result. Raises OSError if the call fails."""
    raise NotImplementedError("step 2: call LIBC.syscall, and raise OSError if it returns -1")


def bpf(command: bpf_cmd, attr: ctypes.Structure) -> int:
    """Call bpf(2) with a command, the attr's address and the attr's size."""
    return system_call("bpf", command, ctypes.addressof(attr), ctypes.sizeof(attr))


def create_map(slots: int) -> int:
    """Create a PERF_EVENT_ARRAY with ``slots`` entries, and return its file descriptor."""
    raise NotImplementedError("step 3: fill a BpfAttrMapCreate, and create the map")


def hello_kprobe(events: int) -> bytes:
    """Return a program that sends {u64 pid_tgid; char comm[16]} to the current CPU's ring."""
    raise NotImplementedError("step 4: write the program, and return its bytecode")


def load(code: bytes) -> int:
    """Load the program and return its file descriptor.

    Exit with the verifier's log if the program is rejected.
    """
    raise NotImplementedError("step 5: fill a BpfAttrProgLoad, and load the program")


def open_ring(cpu: int, events: int) -> tuple[int, mmap.mmap]:
    """Open the ring of one CPU, store its event in the map at index ``cpu``, and return both."""
    raise NotImplementedError("step 6: open an event, mmap it, and store it in the BPF map")


def attach(program: int, function: str) -> int:
    """Attach the program to a function. Return the probe, which is removed when it is closed."""
    raise NotImplementedError("step 7: open the kprobe, and attach the program to it")


def drain(ring: memoryview) -> list[bytes]:
    """Return the raw data of each sample that the kernel has written since the last call."""
    raise NotImplementedError("step 8: read the records, and store the new tail")


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
