"""Read the records that programs send: map the rings into memory, wait for records, count them."""

from __future__ import annotations

from rawbpf.front_door import front_door
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawbpf.reading.collector import Collector, Ledger
    from rawbpf.reading.iterator import read_iterator
    from rawbpf.reading.order import Record, Taken
    from rawbpf.reading.perf_reader import PerfReader
    from rawbpf.reading.ring_reader import RingReader, open_reader
    from rawbpf.reading.session import Session

__all__ = [
    "Collector",
    "Ledger",
    "PerfReader",
    "Record",
    "RingReader",
    "Session",
    "Taken",
    "open_reader",
    "read_iterator",
]

_HOMES = {
    "Collector": "rawbpf.reading.collector",
    "Ledger": "rawbpf.reading.collector",
    "PerfReader": "rawbpf.reading.perf_reader",
    "Record": "rawbpf.reading.order",
    "RingReader": "rawbpf.reading.ring_reader",
    "Session": "rawbpf.reading.session",
    "Taken": "rawbpf.reading.order",
    "open_reader": "rawbpf.reading.ring_reader",
    "read_iterator": "rawbpf.reading.iterator",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
