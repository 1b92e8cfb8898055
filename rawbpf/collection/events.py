"""Read and decode the records that programs send through one of the object's maps.

Use the reader in this way:

    with rawbpf.open("tool.bpf.o") as obj:
        obj.load()
        events = obj.events("events")      before attach(), so that no record is sent unread
        obj.attach()
        for event in events.read(duration=2):
            print(event["pid"], event["comm"])
        print(events.ledger.summary())
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rawbpf.errors import ClosedError
from rawbpf.events.typed_rows import BytesRows, TypedRows
from rawbpf.reading.collector import Collector
from rawbpf.reading.ring_reader import open_reader
from rawbpf.reading.session import Session
from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rawbpf.events.typed import EventType
    from rawbpf.maps.map import Map
    from rawbpf.reading.collector import Ledger
    from rawbpf.reading.order import Taken

__all__ = ["Events"]


class Events(Owner):
    """Reads the records of ``ring``, an open map of type RINGBUF (5.8) or PERF_EVENT_ARRAY.

    ``type_of`` returns the struct type for records of a given size, or None if the records should
    remain bytes. Each record is delivered to only one reader, so use only one ``Events`` per map at
    a time. Raises UsageError if the map is not a ring.

    If each map has only one reader, the following is guaranteed:

    - ``read`` delivers every record that was submitted before it ends, by its deadline or ``stop``,
      in the order in which they were sent (from a PERF_EVENT_ARRAY: by each CPU). In a RINGBUF,
      records after one that a program has reserved and not yet submitted wait for it
    - A record that was read from the ring and not delivered, because the caller left the loop, is
      delivered by the next ``read``
    - After ``Collection.detach``, ``read(0)`` delivers what the rings still hold
    - ``close``, which ``Collection.close`` calls too, discards records that were not delivered
    - Records that a program could not send are lost. ``ledger`` specifies which losses are counted
    """

    def __init__(self, ring: Map, type_of: Callable[[int], EventType | None]) -> None:
        self._type_of, self._name = type_of, ring.spec.name
        with ExitStack() as stack:
            reader = open_reader(ring)
            stack.enter_context(reader)
            collector = Collector({ring.spec.name: reader}, self._decode)
            self._session = stack.enter_context(Session(collector))
            self._stack: ExitStack | None = stack.pop_all()

    def __repr__(self) -> str:
        return f"<Events of {self._name}{', closed' if self._stack is None else ''}>"

    @property
    def session(self) -> Session[dict[str, Any] | bytes]:
        """The session that reads the rings; it provides ``wake_fd`` and ``stop_on_hang_up``.

        ClosedError: closed.
        """
        if self._stack is None:
            raise ClosedError("the events are closed")
        return self._session

    @property
    def ledger(self) -> Ledger:
        """The numbers of delivered, damaged and lost records so far.

        Losses are counted as the kernel reports them: a perf ring reports a loss together with the
        next record that fits. A RINGBUF does not report losses, so only the sending program can
        count them.
        """
        return self._session.ledger

    @property
    def lost(self) -> int:
        """The number of lost records that the kernel has reported (see ``ledger``)."""
        return self.ledger.total_lost

    def read(self, duration: float | None = None) -> Iterator[dict[str, Any] | bytes]:
        """Yield records as they arrive for ``duration`` seconds.

        The class documentation lists the guarantees.

        A duration of 0 yields only the records that are already in the rings, and None continues
        until ``stop``. A struct is decoded as a dict of its members. The calling thread sleeps
        while there are no records. Raises ClosedError if the reader is closed in the meantime.
        """
        yield from self.session.records(duration)

    def batches(self, duration: float | None = None) -> Iterator[Sequence[dict[str, Any] | bytes]]:
        """Yield the records of ``read`` in arrays of all available records of one size.

        Records are decoded only on request: ``len(batch)`` counts records, ``batch["pid"]`` returns
        one member of each record, ``batch.tuples()`` and ``batch.array()`` return all members, and
        iterating over the batch yields the same values as ``read``. See ``events.rows.Rows``.
        """
        yield from self.session.batches(duration)

    def _decode(self, taken: Taken) -> tuple[list[Sequence[dict[str, Any] | bytes]], int]:
        kind = self._type_of(taken.batch.size)
        return [BytesRows(taken.batch) if kind is None else TypedRows(taken.batch, kind)], 0

    def stop(self) -> None:
        """End ``read``; later calls deliver the records in the rings without waiting.

        This method may be called from other threads and from signal handlers; see ``Session.stop``
        for signals that arrive just before a sleep. Calling ``stop`` after ``close`` has no effect.
        """
        self._session.stop()

    def close(self) -> None:
        """Unmap the rings and discard the records that have not been delivered.

        Closing a reader twice has no effect.
        """
        stack, self._stack = self._stack, None
        if stack is not None:
            stack.close()
