"""Parse the records in a perf ring.

    struct perf_event_header { u32 type; u16 misc; u16 size; }      size includes the header

    PERF_RECORD_SAMPLE  header, u32 size, data[size]     with PERF_SAMPLE_RAW and nothing else
    PERF_RECORD_LOST    header, u64 id, u64 lost         written before the next record that fits

The kernel rounds the size of the raw data up so that each record ends at a multiple of 8 bytes:
round_up(len + 4, 8) - 4. Up to seven undefined bytes follow the payload, so a payload must contain
or imply its own length.

Most records in a ring have the same header, so records are found in batches: the headers of a whole
batch are compared in one operation. Only records with different headers are examined one by one.

Source: kernel/events/ring_buffer.c, include/uapi/linux/perf_event.h.
"""

from __future__ import annotations

import struct

from rawbpf.light_typing import NamedTuple
from rawbpf.ring.batch import Batch
from rawbpf.uapi.perf_event import PERF_RECORD_LOST, PERF_RECORD_SAMPLE

__all__ = ["Contents", "parse_records"]

_HEADER = struct.Struct("=IHH")
_RAW_SIZE = struct.Struct("=I")
_LOST = struct.Struct("=QQ")
_RAW_AT = _HEADER.size + _RAW_SIZE.size

# The type, the size and the raw size of a record. The field ``misc`` between the first two fields
# says whether the CPU was in user mode, so it may differ between records that are otherwise equal.
_ALIKE = ((0, 4), (6, 6))
_SAME_MODE = ((0, _RAW_AT),)


class Contents(NamedTuple):
    """The records that one pass has taken from a ring."""

    batches: list[Batch]
    """The raw data of each PERF_RECORD_SAMPLE, including its padding, in ring order."""
    lost: int
    """The sum of the losses in all PERF_RECORD_LOST records.

    Only losses that the kernel has reported are included."""
    other: int
    """The number of records whose types were not requested."""
    damage: str | None
    """The reason why the remaining bytes could not be parsed, or None if all bytes were parsed."""

    @property
    def samples(self) -> list[bytes]:
        """A copy of each record in ``batches``."""
        return [record for batch in self.batches for record in batch.records()]


def parse_records(data: bytes) -> Contents:
    """Split the bytes returned by ``PerfRing.take`` into batches of records.

    The function never raises an error; damaged bytes end the parsing, and ``damage`` says why.

    >>> sample = struct.pack("=IHH I 4s", 9, 0, 16, 4, b"ping")
    >>> parse_records(sample + sample).batches[0].count
    2
    >>> parse_records(sample).samples
    [b'ping']
    >>> parse_records(sample + bytes(8)).damage
    'invalid record size 0 at 16 of 24'
    """
    batches: list[Batch] = []
    lost = other = at = 0
    end = len(data)
    unpack_header, unpack_size = _HEADER.unpack_from, _RAW_SIZE.unpack_from
    while at < end:
        if end - at < _HEADER.size:
            return Contents(
                batches, lost, other, f"only {end - at} bytes left at {at}, less than a header"
            )
        kind, _misc, size = unpack_header(data, at)
        # A size of 0 would cause an endless loop, and a size that is not divisible by 8 could make
        # a header wrap.
        if size < _HEADER.size or size & 7 or size > end - at:
            return Contents(
                batches,
                lost,
                other,
                f"invalid record size {size} at {at} of {end}",
            )
        count = 1
        if kind == PERF_RECORD_SAMPLE and size >= _RAW_AT:
            (length,) = unpack_size(data, at + _HEADER.size)
            if length > size - _RAW_AT:
                return Contents(
                    batches,
                    lost,
                    other,
                    f"{length} raw bytes do not fit into a record of {size} bytes",
                )
            count = _alike(data, at, size, (end - at) // size)
            batches.append(Batch(data, at, size, _RAW_AT, length, count))
        elif kind == PERF_RECORD_LOST and size >= _HEADER.size + _LOST.size:
            lost += _LOST.unpack_from(data, at + _HEADER.size)[1]
        else:
            other += 1
        at += count * size
    return Contents(batches, lost, other, None)


def _alike(data: bytes, start: int, step: int, most: int) -> int:
    """Return how many consecutive records have the same header as the first one.

    The headers of ``most`` records are located as if all records had the first record's size. As
    long as the headers are equal, the records actually have this size.
    """
    after = start + step
    if most == 1 or data[after + 6 : after + 8] != data[start + 6 : start + 8]:
        return 1  # comparing two sizes is cheaper than looking for a run
    records = Batch(data, start, step, 0, step, most)
    count = records.agreeing(_SAME_MODE)  # needs fewer comparisons, and is usually sufficient
    end = start + count * step
    if data[end + 6 : end + _RAW_AT] == data[start + 6 : start + _RAW_AT]:
        return records.agreeing(_ALIKE)
    return count
