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
    raise NotImplementedError("step 1: write the help text that docopt reads")


def system_call(name: str, *words: int) -> int:
    """Enter the kernel by syscall(2), and raise OSError when it says no."""
    raise NotImplementedError("step 2: call LIBC.syscall, and raise OSError for -1")


def bpf(command: bpf_cmd, attr: ctypes.Structure) -> int:
    """bpf(2): a command, the address of its attr, the attr's size. Given."""
    return system_call("bpf", command, ctypes.addressof(attr), ctypes.sizeof(attr))


def create_map(slots: int) -> int:
    """A PERF_EVENT_ARRAY with a slot for each CPU; its file descriptor."""
    raise NotImplementedError("step 3: fill a BpfAttrMapCreate, and make the map")


def hello_kprobe(events: int) -> bytes:
    """The program: sends {u64 pid and tid; char comm[16]}, 24 bytes, to the ring of its CPU."""
    raise NotImplementedError("step 4: write the program, and return its bytes")


def load(code: bytes) -> int:
    """The program's file descriptor, once the verifier has let it pass."""
    raise NotImplementedError("step 5: fill a BpfAttrProgLoad, and load the program")


def open_ring(cpu: int, events: int) -> tuple[int, mmap.mmap]:
    """The ring of one CPU: its event, and its memory; the event is in slot ``cpu`` of the map."""
    raise NotImplementedError("step 6: open an event, map it, and put it into the map")


def attach(program: int, function: str) -> int:
    """The probe's file descriptor. The probe lives until it is closed."""
    raise NotImplementedError("step 7: open the kprobe, and tie the program to it")


def drain(ring: memoryview) -> list[bytes]:
    """What the kernel has written since the last time: the raw data of each sample."""
    raise NotImplementedError("step 8: take the records out of the ring")


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
