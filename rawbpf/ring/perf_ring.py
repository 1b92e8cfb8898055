"""The perf ring: a control page, then 2^n pages of data that the kernel writes in a circle.

    control page                     data, 2^n pages
    ┌───────────────────────┐        ┌────────────────────────────────────────────┐
    │ 1024 data_head  (we   │        │░░ free ░░│ record │ record │ record │░░░░░░│
    │ 1032 data_tail  write │        └──────────┴────────────────────────┴────────┘
    │                 this) │                 tail & mask              head & mask
    └───────────────────────┘

data_head and data_tail count bytes since the ring was created and only grow; modulo the size of the
data area, they are offsets into the data area. The kernel writes up to data_head and never past
data_tail + size. We read up to data_head, then store data_tail to release the space.

The mapping has to be writable. A read-only mapping selects the kernel's overwriting mode, which
ignores data_tail and never reports lost records.

A record may wrap around the end of the data area. ``PerfRing.take`` copies everything in at most
two slices, so that ``parse_records`` gets contiguous bytes, and the space is free again
immediately:

    struct perf_event_header { u32 type; u16 misc; u16 size; }      size includes the header

    PERF_RECORD_SAMPLE  header, u32 size, data[size]     with PERF_SAMPLE_RAW and nothing else
    PERF_RECORD_LOST    header, u64 id, u64 lost         written before the next record that fits

The kernel rounds the size of the raw data up so that each record ends on a multiple of 8 bytes:
round_up(len + 4, 8) - 4. Up to seven undefined bytes follow the payload, so a payload has to
contain or imply its own length.

Source: kernel/events/ring_buffer.c, include/uapi/linux/perf_event.h.
"""

from __future__ import annotations

import struct

from rawbpf.errors import UsageError
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.uapi.perf_event import PERF_RECORD_LOST, PERF_RECORD_SAMPLE, PerfEventMmapPage

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Contents", "PerfRing", "parse_records"]

# The control page is accessed as an array of 64-bit words, because storing one word is a single
# store. struct.pack_into would zero the bytes first, and the kernel could see the zero.
_HEAD = PerfEventMmapPage.data_head.offset // 8
_TAIL = PerfEventMmapPage.data_tail.offset // 8


class PerfRing:
    """A cursor over ``memory``: one control page and 2^n pages of data.

    On processors that reorder loads and stores, ``fence`` keeps the load of the head before the
    loads of the records, and the loads of the records before the store of the tail.
    """

    __slots__ = ("_control", "_data", "_fence", "_mask", "damage")

    def __init__(self, memory: memoryview, page_size: int, fence: Callable[[], None]) -> None:
        size = len(memory) - page_size
        if size < page_size or size & (size - 1):
            raise UsageError(f"a perf ring has 2^n pages of data, not {size} bytes")
        self._control = memory[:page_size].cast("Q")
        self._data = memory[page_size:]
        self._mask = size - 1
        self._fence = fence
        self.damage: str | None = None

    def take(self) -> bytes:
        """Copy everything that the kernel has published, and release its space.

        The head is loaded only once per pass. Loading it again until the ring is empty would let
        one busy ring starve the other rings and delay the deadline.
        """
        head, tail = self._control[_HEAD], self._control[_TAIL]
        self._fence()
        length = head - tail
        if length < 0 or length > self._mask + 1:
            # With impossible positions, no byte can be trusted. Continue at the kernel's position.
            self.damage = f"head {head} and tail {tail} of a ring of {self._mask + 1} bytes"
            length = 0
        start = tail & self._mask
        data = bytes(self._data[start : start + length])
        data += bytes(self._data[: length - len(data)])
        self._fence()
        if head != tail:
            self._control[_TAIL] = head
        return data

    def release(self) -> None:
        """Release the views of the memory, so that it can be unmapped."""
        self._control.release()
        self._data.release()


_HEADER = struct.Struct("=IHH")
_RAW_SIZE = struct.Struct("=I")
_LOST = struct.Struct("=QQ")
_RAW_AT = _HEADER.size + _RAW_SIZE.size


class Contents(NamedTuple):
    """The records that one pass took from a ring."""

    samples: list[bytes]
    """The raw data of each PERF_RECORD_SAMPLE, including its padding."""
    lost: int
    """The sum of all PERF_RECORD_LOST: the losses reported by the kernel, possibly not all."""
    other: int
    """The number of records of types that were not requested."""
    damage: str | None
    """Why the remaining bytes could not be parsed, or None if all bytes were parsed."""


def parse_records(data: bytes) -> Contents:
    """Split the bytes that ``PerfRing.take`` returned into records.

    Never raises an error; damaged bytes end the parsing, and ``damage`` says why.

    >>> sample = struct.pack("=IHH I 4s", 9, 0, 16, 4, b"ping")
    >>> parse_records(sample)
    Contents(samples=[b'ping'], lost=0, other=0, damage=None)
    >>> parse_records(sample + bytes(8)).damage
    'a record of 0 bytes at 16 of 24'
    """
    samples: list[bytes] = []
    lost = other = at = 0
    end = len(data)
    unpack_header, unpack_size = _HEADER.unpack_from, _RAW_SIZE.unpack_from
    while at < end:
        if end - at < _HEADER.size:
            return Contents(samples, lost, other, f"{end - at} bytes at {at}, less than a header")
        kind, _misc, size = unpack_header(data, at)
        # A size of 0 would cause an endless loop, and a size not divisible by 8 could make a header
        # wrap.
        if size < _HEADER.size or size & 7 or size > end - at:
            return Contents(samples, lost, other, f"a record of {size} bytes at {at} of {end}")
        if kind == PERF_RECORD_SAMPLE and size >= _RAW_AT:
            (length,) = unpack_size(data, at + _HEADER.size)
            if length > size - _RAW_AT:
                return Contents(samples, lost, other, f"{length} raw bytes in a record of {size}")
            samples.append(data[at + _RAW_AT : at + _RAW_AT + length])
        elif kind == PERF_RECORD_LOST and size >= _HEADER.size + _LOST.size:
            lost += _LOST.unpack_from(data, at + _HEADER.size)[1]
        else:
            other += 1
        at += size
    return Contents(samples, lost, other, None)
