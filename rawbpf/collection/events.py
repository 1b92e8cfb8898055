"""What programs send through a ring, one record after the other.

    with rawbpf.open("tool.bpf.o") as obj:
        obj.load()
        events = obj.events("events")
        obj.attach()
        for event in events.read(duration=2):
            print(event["pid"], event["comm"])

Asked for before the programs are attached, it misses nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rawbpf.errors import ClosedError, UsageError
from rawbpf.reading.perf_reader import PerfReader
from rawbpf.reading.ring_reader import RingReader
from rawbpf.syscall.epoll import Epoll
from rawbpf.syscall.owner import Owner
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.events.typed import EventType
    from rawbpf.maps.map import Map

__all__ = ["Events"]


class Events(Owner):
    """The records of ``ring``, a RINGBUF (5.8) or PERF_EVENT_ARRAY, which stays the caller's.

    ``kind_of``: the struct of a record with so many bytes; None leaves it as bytes. One reader at a
    time: what one has taken no other sees. UsageError: the map is no ring.
    """

    def __init__(self, ring: Map, kind_of: Callable[[int], EventType | None]) -> None:
        if ring.spec.map_type is bpf_map_type.BPF_MAP_TYPE_RINGBUF:
            self._reader: RingReader | PerfReader | None = RingReader(ring)
        elif ring.spec.map_type is bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY:
            self._reader = PerfReader(ring)
        else:
            raise UsageError(f"map {ring.spec.name!r} is no ring", fix="read it with items()")
        self._kind_of = kind_of
        self.lost = 0
        """Records that the kernel reported as lost. Of a RINGBUF only its program knows."""

    def read(self, duration: float | None = None) -> Iterator[dict[str, Any] | bytes]:
        """Each record, as it comes, for so many seconds: 0 takes what is there, None never ends.

        A struct is a dict of its members. Sleeps while there is nothing. ClosedError: it was
        closed meanwhile.
        """
        deadline = None if duration is None else time.monotonic() + duration
        with Epoll() as epoll:
            for fd in self._opened().filenos():
                epoll.add(fd, 0)
            while True:
                yield from self._drain()
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return
                epoll.wait(left)

    def _drain(self) -> Iterator[dict[str, Any] | bytes]:
        """One pass."""
        for drained in self._opened().drain():
            self.lost += drained.records.lost
            for sample in drained.records.samples:
                kind = self._kind_of(len(sample))
                yield sample if kind is None else kind.decode(sample)

    def _opened(self) -> RingReader | PerfReader:
        if self._reader is None:
            raise ClosedError("the events are closed")
        return self._reader

    def close(self) -> None:
        """Unmap the ring."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None
