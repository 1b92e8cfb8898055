"""Fixed parts of scripts: functions that make system calls and functions that read rings.

A script contains only the parts that it needs, in this order.
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.arch import X86_64, native

__all__ = ["NR", "OPENING", "PARTS", "Part"]

NR = native(X86_64).syscalls

OPENING = f'''"""Make the system calls of `rawbpf COMMAND` again. Run this script as root."""

import ctypes
import mmap
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.argtypes, LIBC.syscall.restype = [ctypes.c_long] * 7, ctypes.c_long
KEPT = []


def call(number, *words, fine=True):
    result = LIBC.syscall(number, *words, *[0] * (6 - len(words)))
    if result == -1 and fine:  # fine=False: the call also failed when it was recorded
        raise OSError(ctypes.get_errno(), f"system call {{number}}{{words}}")
    return result


def at(data, room=0):
    """Return the address of these bytes; keep the buffer, which an address does not keep alive."""
    KEPT.append(ctypes.create_string_buffer(data, max(len(data), room)))
    return ctypes.addressof(KEPT[-1])


def bpf(command, form, *values, fine=True):
    attr = struct.pack(form, *values)
    return call({NR["bpf"]}, command, at(attr), len(attr), fine=fine)
'''

_PERF_EVENT_OPEN = f"""
def perf_event_open(form, *values, pid, cpu, fine=True):
    return call({NR["perf_event_open"]}, at(struct.pack(form, *values)), pid, cpu, -1, 8, fine=fine)
"""

_PATCHED = '''
def patched(code, **fds):
    """Return the code with descriptors in the slots where the program refers to maps."""
    for slot, fd in fds.items():
        struct.pack_into("=i", code, int(slot[1:]) * 8 + 4, fd)
    return bytes(code)
'''

_SHOW = '''
def show(name, data):
    """Print the length of a record and the readable text in it."""
    texts = "".join(chr(byte) if 32 <= byte < 127 else " " for byte in data).split()
    print(name, len(data), "bytes:", *(text for text in texts if len(text) > 2), flush=True)
'''

_DRAIN_PERF = """
def perf_ring(name, fd, size):
    memory = memoryview(mmap.mmap(fd, size))  # shared, readable and writable
    control, data = memory[: mmap.PAGESIZE].cast("Q"), memory[mmap.PAGESIZE :]
    RINGS[name] = [drain_perf, name, control, data]


def drain_perf(name, control, data):
    head, tail = control[128], control[129]
    start = tail % len(data)
    records = bytes(data[start : start + head - tail])
    records += bytes(data[: head - tail - len(records)])
    control[129] = head
    while len(records) >= 8:
        kind, size = struct.unpack_from("=IxxH", records)
        if kind == 9:  # PERF_RECORD_SAMPLE: header, u32 size, data
            show(name, records[12:size])
        records = records[max(size, 8) :]
"""

_DRAIN_BPF = """
def bpf_ring(name, fd, size, protection, offset):
    memory = memoryview(mmap.mmap(fd, size, mmap.MAP_SHARED, protection, offset=offset))
    page = mmap.PAGESIZE
    parts = [memory[:page].cast("Q"), memory[page:]] if offset else [memory.cast("Q")]
    RINGS.setdefault(name, [drain_ring, name])[2 + bool(offset) :] = parts


def drain_ring(name, consumer, producer, data):
    while consumer[0] < producer[0]:
        at_ = consumer[0] % (len(data) // 2)
        (length,) = struct.unpack_from("=I", data, at_)
        if length >> 31:  # BPF_RINGBUF_BUSY_BIT: still being written
            return
        if not length >> 30:
            show(name, bytes(data[at_ + 8 : at_ + 8 + length]))
        consumer[0] += (length % (1 << 30) + 8 + 7) // 8 * 8
"""

_LISTEN = f"""
RINGS = {{}}


def now():
    time = (ctypes.c_long * 2)()
    LIBC.clock_gettime(1, time)  # CLOCK_MONOTONIC
    return time[0] + time[1] / 1e9


def listen(epoll, seconds):
    end = now() + seconds
    events = at(bytes(12 * 64), 16 * 64)
    while (left := end - now()) > 0:
        call({NR["epoll_pwait"]}, epoll, events, 64, int(left * 1000) + 1, 0, 0, fine=False)
        drain_all()
    drain_all()


def drain_all():
    for drain, *memory in RINGS.values():
        drain(*memory)
"""


class Part(NamedTuple):
    """``text`` is included in a script that contains one of the ``words``."""

    words: tuple[str, ...]
    text: str


_RINGS = ("perf_ring(", "bpf_ring(")

PARTS = (
    Part(("perf_event_open(",), _PERF_EVENT_OPEN),
    Part(("patched(",), _PATCHED),
    Part(_RINGS, _SHOW),
    Part(_RINGS[:1], _DRAIN_PERF),
    Part(_RINGS[1:], _DRAIN_BPF),
    Part(("listen(", "drain_all(", *_RINGS), _LISTEN),
)
"""The parts that may follow the beginning of a script."""
