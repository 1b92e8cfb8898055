"""Lesson 10: read a perf ring and a BPF ring buffer, in batches.

The functions, in the order of the steps:

    unread()      │ step 1    find the unread bytes from two positions
    copy()        │ step 2    copy bytes that may wrap around the end of the ring
    take()        │ step 3    copy the unread bytes and release their space
    parse()       │ step 4    split the bytes into records, and survive damage
    finished()    │ step 5    read a BPF ring buffer up to the first unfinished record
    decode()      │ step 6    decode all records of a batch in one operation
    watch()       │ step 7    read live rings, with one write per pass
"""

import ctypes
import mmap
import os
import select
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import rawbpf
from rawbpf.arch import native
from rawbpf.syscall.fd import fence
from rawbpf.uapi.perf_event import (
    PERF_COUNT_SW_BPF_OUTPUT,
    PERF_FLAG_FD_CLOEXEC,
    PERF_SAMPLE_RAW,
    PERF_TYPE_SOFTWARE,
    PerfEventAttr,
)

PAGE, DATA_PAGES = mmap.PAGESIZE, 16
PAUSE = 0.02
"""The number of seconds between two passes over busy rings."""

OBJECT = Path(__file__).parents[1] / "sample.bpf.s"
LIBC = ctypes.CDLL(None, use_errno=True)

HEAD, TAIL = 128, 129
"""The indexes of data_head and data_tail in the control page, which is read as 64-bit words."""

SAMPLE, LOST = 9, 2
"""The types of two records: PERF_RECORD_SAMPLE and PERF_RECORD_LOST."""

HEADER = struct.Struct("=IHH")
"""struct perf_event_header: type, misc and size. The size includes the header itself."""

RAW_SIZE = struct.Struct("=I")
"""In a sample, the header is followed by the size of the data."""

LOST_BODY = struct.Struct("=QQ")
"""PERF_RECORD_LOST continues with the event's ID and the number of lost records."""

EVENT = struct.Struct("=QQ16s")
"""The data sent by sample.bpf.s: ktime_ns, pid_tgid and comm."""

RECORD = struct.Struct("=8xI QQ16s 4x")
"""A complete sample from sample.bpf.s: header, data size, data, and four bytes of padding."""

BUSY, DISCARD = 1 << 31, 1 << 30
"""Flags in the first word of a record in a BPF ring buffer.

The other bits of the word contain the record's length.
"""


class DamageError(Exception):
    """The ring contains positions that the kernel cannot have written."""


class Ring(NamedTuple):
    """A mapped perf ring: the control page as 64-bit words, and the data pages as bytes."""

    control: memoryview
    data: memoryview


class Batch(NamedTuple):
    """The result of one pass: samples, the number of lost records, and any damage."""

    samples: list
    lost: int = 0
    damage: str = ""


def unread(head: int, tail: int, size: int) -> tuple[int, int]:
    """Return the offset and the number of the unread bytes.

    Raises DamageError if the positions are invalid.
    """
    length = head - tail
    if not 0 <= length <= size:
        raise DamageError(f"head {head} and tail {tail} in a ring of {size} bytes")
    return tail % size, length


def copy(data: memoryview, offset: int, length: int) -> bytes:
    """Return ``length`` bytes from ``offset``, continuing at the start of ``data`` if necessary."""
    first = bytes(data[offset : offset + length])
    return first + bytes(data[: length - len(first)])


def take(ring: Ring, barrier: Callable[[], None]) -> bytes:
    """Return the unread bytes, and release their space, even if the positions are damaged."""
    head = ring.control[HEAD]
    barrier()
    try:
        return copy(ring.data, *unread(head, ring.control[TAIL], len(ring.data)))
    finally:
        barrier()
        ring.control[TAIL] = head


def parse(records: bytes) -> Batch:
    """Split bytes into records. Return the data of all samples, up to the first damaged record."""
    samples, lost, at = [], 0, 0
    while at < len(records):
        left = len(records) - at
        kind, size = 0, 0
        if left >= HEADER.size:
            kind, _misc, size = HEADER.unpack_from(records, at)
        if size < HEADER.size or size % 8 or size > left:
            return Batch(samples, lost, f"a record of {size} bytes at offset {at}")
        body = records[at + HEADER.size : at + size]
        if kind == SAMPLE:
            length = RAW_SIZE.unpack_from(body)[0] if body else 0
            if not body or length > len(body) - RAW_SIZE.size:
                return Batch(samples, lost, f"a sample of {length} bytes at offset {at}")
            samples.append(body[RAW_SIZE.size :][:length])
        elif kind == LOST and len(body) >= LOST_BODY.size:
            lost += LOST_BODY.unpack_from(body)[1]
        at += size
    return Batch(samples, lost)


def finished(data: memoryview, consumer: int, producer: int) -> tuple[list[bytes], int]:
    """Return the finished records starting at ``consumer``, and the consumer's new position.

    ``data`` is the ring mapped twice in a row, so no record wraps.
    """
    found, at, size = [], consumer, len(data) // 2
    while at < producer:
        offset = at % size
        (word,) = RAW_SIZE.unpack_from(data, offset)
        if word & BUSY:
            break
        length = word & ~DISCARD
        step = (8 + length + 7) // 8 * 8
        if step > producer - at:
            return found, producer
        if not word & DISCARD:
            found.append(bytes(data[offset + 8 : offset + 8 + length]))
        at += step
    return found, at


def decode(records: bytes) -> Batch:
    """Return a batch of (ktime_ns, pid_tgid, comm). Decode equal samples in one operation."""
    count, rest = divmod(len(records), RECORD.size)
    typical = HEADER.pack(SAMPLE, 0, RECORD.size) + RAW_SIZE.pack(RECORD.size - 12)
    checked = (0, 1, 2, 3, 6, 7, 8, 9, 10, 11)  # misc, at 4 and 5, may differ
    if not rest and all(
        records[at :: RECORD.size] == typical[at : at + 1] * count for at in checked
    ):
        return Batch([fields[1:] for fields in RECORD.iter_unpack(records)])
    batch = parse(records)
    whole = [data for data in batch.samples if len(data) >= EVENT.size]
    return batch._replace(samples=[EVENT.unpack_from(data) for data in whole])


def watch(
    rings: dict[int, Ring], seconds: float, write: Callable[[str], object]
) -> tuple[int, int]:
    """Write the events of all rings until the time is up.

    Return how many events arrived and how many were lost.

    ``rings`` maps descriptors, which become readable when a ring contains records, to rings.
    """
    poll = select.epoll()
    for descriptor in rings:
        poll.register(descriptor, select.EPOLLIN)
    events, lost, until = 0, 0, time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        poll.poll(left)
        batches = [decode(take(ring, fence)) for ring in rings.values()]
        found = sorted(event for batch in batches for event in batch.samples)
        write("".join(map(line, found)))
        events += len(found)
        lost += sum(batch.lost for batch in batches)
        time.sleep(max(0, min(PAUSE, until - time.monotonic())))
    poll.close()
    return events, lost


# The rest of this file is complete.


def line(event: tuple[int, int, bytes]) -> str:
    """Format one event as text."""
    ktime_ns, pid_tgid, comm = event
    name = comm.partition(b"\0")[0].decode(errors="backslashreplace")
    return f"{ktime_ns / 1e9:.6f} pid {pid_tgid >> 32} {name!r}\n"


def open_ring(cpu: int) -> tuple[int, Ring]:
    """Open and map the ring of one CPU."""
    attr = PerfEventAttr(
        type=PERF_TYPE_SOFTWARE,
        size=ctypes.sizeof(PerfEventAttr),
        config=PERF_COUNT_SW_BPF_OUTPUT,
        sample_type=PERF_SAMPLE_RAW,
        sample_period=1,
        wakeup_events=1,
    )
    number, address = native().syscalls["perf_event_open"], ctypes.byref(attr)
    event = LIBC.syscall(number, address, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)
    if event == -1:
        raise OSError(ctypes.get_errno(), f"cannot open the ring of CPU {cpu}")
    memory = memoryview(mmap.mmap(event, (1 + DATA_PAGES) * PAGE))
    return event, Ring(memory[:PAGE].cast("Q"), memory[PAGE:])


def main(function: str, seconds: float) -> None:
    """Attach the program to the function, and print its events until the time is up."""
    cpus = sorted(os.sched_getaffinity(0))
    with rawbpf.open(OBJECT) as obj:
        obj.load()
        rings = dict(open_ring(cpu) for cpu in cpus)
        for cpu, event in zip(cpus, rings, strict=True):
            obj.maps["events"].update(cpu.to_bytes(4, "little"), event.to_bytes(4, "little"))
        obj.attach({"sample": function})
        counts = watch(rings, seconds, sys.stdout.write)
    print(f"{counts[0]} events, {counts[1]} lost")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
