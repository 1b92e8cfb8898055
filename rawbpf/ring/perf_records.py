"""The records of a perf ring, from bytes in one piece.

    struct perf_event_header { u32 type; u16 misc; u16 size; }      size includes the header

    PERF_RECORD_SAMPLE  header, u32 size, data[size]     with PERF_SAMPLE_RAW and nothing else
    PERF_RECORD_LOST    header, u64 id, u64 lost         written before the next record that fits

The size of raw data is rounded up so that the record ends on 8 bytes: round_up(len + 4, 8) - 4. Up
to seven bytes of rubbish follow the payload, so a payload has to carry or imply its own length.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from rawbpf.uapi.perf_event import PERF_RECORD_LOST, PERF_RECORD_SAMPLE

__all__ = ["Records", "parse_records"]

_HEADER = struct.Struct("=IHH")
_RAW_SIZE = struct.Struct("=I")
_LOST = struct.Struct("=QQ")
_RAW_AT = _HEADER.size + _RAW_SIZE.size


class Records(NamedTuple):
    """What one drain of a ring held."""

    samples: list[bytes]
    """The raw data of each PERF_RECORD_SAMPLE, padding included."""
    lost: int
    """The sum of all PERF_RECORD_LOST: what the kernel reports, not all that was lost."""
    other: int
    """Records of types that we never asked for."""
    damage: str | None
    """Why the rest of the bytes could not be read; None when all could."""


def parse_records(data: bytes) -> Records:
    """Split what ``PerfRing.take`` returned. Never raises: damage is part of the answer.

    >>> sample = struct.pack("=IHH I 4s", 9, 0, 16, 4, b"ping")
    >>> parse_records(sample)
    Records(samples=[b'ping'], lost=0, other=0, damage=None)
    >>> parse_records(sample + bytes(8)).damage
    'a record of 0 bytes at 16 of 24'
    """
    samples: list[bytes] = []
    lost = other = at = 0
    end = len(data)
    unpack_header, unpack_size = _HEADER.unpack_from, _RAW_SIZE.unpack_from
    while at < end:
        if end - at < _HEADER.size:
            return Records(samples, lost, other, f"{end - at} bytes at {at} are no header")
        kind, _misc, size = unpack_header(data, at)
        # A size of zero would loop for ever; sizes are multiples of 8, or headers could wrap.
        if size < _HEADER.size or size & 7 or size > end - at:
            return Records(samples, lost, other, f"a record of {size} bytes at {at} of {end}")
        if kind == PERF_RECORD_SAMPLE and size >= _RAW_AT:
            (length,) = unpack_size(data, at + _HEADER.size)
            if length > size - _RAW_AT:
                return Records(samples, lost, other, f"{length} raw bytes in a record of {size}")
            samples.append(data[at + _RAW_AT : at + _RAW_AT + length])
        elif kind == PERF_RECORD_LOST and size >= _HEADER.size + _LOST.size:
            lost += _LOST.unpack_from(data, at + _HEADER.size)[1]
        else:
            other += 1
        at += size
    return Records(samples, lost, other, None)
