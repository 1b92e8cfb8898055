"""The perf ring of one CPU, and the choice of the records that wake the reader.

The condition on which a perf event wakes its reader is fixed when the event is opened. Two events
per CPU therefore share one ring (PERF_EVENT_IOC_SET_OUTPUT):

    batching  │ owns the ring and wakes the reader when a quarter of the ring was written
              │ (watermark = 1, wakeup_watermark)
    waking    │ writes to the same ring and wakes the reader for each record (wakeup_events = 1)

While the reader sleeps, the next record is sent through ``waking``, so that it is displayed
immediately. While the reader is busy, records are sent through ``batching``, so that a million
records do not cause a million wake-ups. Only the descriptor of ``batching`` is polled: a wake-up
wakes the waiters of all events that share the ring (ring_buffer_wakeup in kernel/events/core.c).

The way in which the event is chosen depends on the program:

- ``FlagSwitch``: programs built with ``tracing.log_program`` read a flag of their CPU and clear the
  flag when they use ``waking``. A CPU thus wakes the reader once, even if the wake-up itself calls
  the probed function, and setting the flag needs no system call
- ``SlotSwitch``: for any other program, the reader stores one event or the other in the map's slot
  of the CPU. Until the reader has run, every record wakes it. If many records arrive at once in
  this state, perhaps because a wake-up calls the probed function, the reader waits longer before it
  asks to be woken again

Source: perf_output_sample in kernel/events/core.c, perf_output_begin and perf_output_put_handle in
kernel/events/ring_buffer.c; unchanged from 5.10 to 7.2.
"""

from __future__ import annotations

import os

from rawbpf.errors import KernelError
from rawbpf.light_typing import TYPE_CHECKING, Protocol
from rawbpf.ring.perf_ring import PerfRing
from rawbpf.syscall.fd import PROT_READ, PROT_WRITE, Mapping, Owner, fence
from rawbpf.syscall.perf_event import open_bpf_output, perf_ioctl
from rawbpf.uapi.perf_event import perf_event_ioc

if TYPE_CHECKING:
    from rawbpf.maps.map import Map

__all__ = ["FLAG_STRIDE", "CpuRing", "FlagSwitch", "SlotSwitch", "Switch"]

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")

FLAG_STRIDE = 64
"""The number of bytes per CPU in the map of flags: a cache line, which CPUs must not share."""


_STORM = 1 << 13
"""The number of bytes that arrive before the reader runs if each record causes more records."""

_LONGEST_DELAY = 63
"""The number of quiet passes, each 50 ms long, before the reader requests a wake-up again."""


class CpuRing(Owner):
    """The two events of one CPU, their ring of ``pages`` pages, and a cursor over this ring.

    Raises KernelError with ENODEV if the CPU is offline, EMFILE, or EPERM or ENOMEM if the ring is
    too large for this user.
    """

    def __init__(self, cpu: int, pages: int) -> None:
        self.cpu, self.pages = cpu, pages
        self.size = pages * _PAGE_SIZE
        self.batching = open_bpf_output(cpu, wakeup_bytes=self.size // 4)
        try:
            # A writable mapping makes the kernel respect the reader's tail and report lost records.
            protection = PROT_READ | PROT_WRITE
            self._mapping = Mapping(self.batching, _PAGE_SIZE + self.size, protection=protection)
            try:
                self.waking = open_bpf_output(cpu)
                self._share()
            except BaseException:
                self._mapping.close()
                raise
        except BaseException as error:
            self.batching.close()
            if isinstance(error, KernelError) and error.call == "mmap":
                raise _no_memory(cpu, pages, error) from None
            raise
        self.cursor = PerfRing(self._mapping.view(), _PAGE_SIZE, fence)

    def _share(self) -> None:
        try:
            output = self.batching.fileno()
            perf_ioctl(self.waking, perf_event_ioc.PERF_EVENT_IOC_SET_OUTPUT, output)
        except BaseException:
            self.waking.close()
            raise

    def close(self) -> None:
        """Unmap the ring and close the events. Closing twice does nothing."""
        self.cursor.release()
        self.waking.close()
        self._mapping.close()
        self.batching.close()


def _no_memory(cpu: int, pages: int, error: KernelError) -> KernelError:
    """Explain EPERM (perf_event_mlock_kb is exceeded) and ENOMEM (too little memory)."""
    return KernelError(
        f"cannot map a ring of {pages} pages for CPU {cpu}",
        errno=error.errno or 0,
        call="mmap",
        fix="use fewer pages (--buffer-pages), or raise /proc/sys/kernel/perf_event_mlock_kb",
    )


class Switch(Protocol):
    """Chooses the event to which programs on a CPU write."""

    def install(self, ring: CpuRing) -> None:
        """Make programs on the CPU of ``ring`` write to this ring without waking the reader."""

    def ready(self) -> bool:
        """Return whether the reader may request a wake-up after a pass that found no records."""

    def arm(self, ring: CpuRing) -> None:
        """Make the next record in ``ring`` wake the reader."""

    def disarm(self, ring: CpuRing, found: int = 0) -> bool:
        """Make records in ``ring`` wake the reader only when the ring fills up.

        ``found`` is the number of bytes that the last pass found in the ring.

        Return True if each of these records has woken the reader and may itself have been caused by
        a wake-up.
        """

    def close(self) -> None:
        """Release the views of the memory, so that it can be unmapped."""


class SlotSwitch:
    """Stores one of the two events in the slots of ``events``, for programs of any origin."""

    def __init__(self, events: Map) -> None:
        self._events = events
        self._armed: set[int] = set()
        self._delay = self._left = 0

    def install(self, ring: CpuRing) -> None:
        """Store the event that batches records."""
        self._armed.discard(ring.cpu)
        _store(self._events, ring.cpu, ring.batching.fileno())

    def ready(self) -> bool:
        """Return True, except for some passes after a storm of records."""
        self._left -= 1
        return self._left < 0

    def arm(self, ring: CpuRing) -> None:
        """Store the event that wakes the reader for each record."""
        if ring.cpu not in self._armed:
            _store(self._events, ring.cpu, ring.waking.fileno())
            self._armed.add(ring.cpu)

    def disarm(self, ring: CpuRing, found: int = 0) -> bool:
        """Store the event that batches records."""
        armed = ring.cpu in self._armed
        if armed:
            self.install(ring)
            storm = found > _STORM
            self._delay = _LONGEST_DELAY if storm else self._delay // 2
            self._left = self._delay
        return armed

    def close(self) -> None:
        """Leave the map unchanged, because closing the map removes the events."""


class FlagSwitch:
    """Sets flags in a memory-mapped map, which the program on each CPU reads and clears.

    The flag of CPU n is the u32 at FLAG_STRIDE * n. A flag of 0 selects slot n of ``events``, which
    contains the event that batches records. Any other flag is 1 + the index of a slot: the upper
    half of ``events`` contains the events that wake the reader.
    """

    def __init__(self, events: Map, flags: memoryview) -> None:
        self._events, self._half = events, events.spec.max_entries // 2
        self._flags = flags.cast("I")

    def install(self, ring: CpuRing) -> None:
        """Store both events, each in its own half of the map."""
        self.disarm(ring)
        _store(self._events, ring.cpu, ring.batching.fileno())
        _store(self._events, self._half + ring.cpu, ring.waking.fileno())

    def ready(self) -> bool:
        """Return True, because each CPU wakes the reader only once."""
        return True

    def arm(self, ring: CpuRing) -> None:
        """Set the CPU's flag."""
        self._flags[ring.cpu * FLAG_STRIDE // 4] = self._half + ring.cpu + 1

    def disarm(self, ring: CpuRing, found: int = 0) -> bool:  # noqa: ARG002 -- as declared above
        """Clear the CPU's flag."""
        self._flags[ring.cpu * FLAG_STRIDE // 4] = 0
        return False

    def close(self) -> None:
        """Release the view of the flags in memory. Closing twice does nothing."""
        self._flags.release()


def _store(events: Map, slot: int, event: int) -> None:
    """Store a perf event's descriptor in a slot of ``events``."""
    events.update(slot.to_bytes(4, "little"), event.to_bytes(4, "little"))
