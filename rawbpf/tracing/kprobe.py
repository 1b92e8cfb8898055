"""Trace calls to a kernel function, and deliver the events.

    with rawbpf.Kprobe("do_sys_openat2") as probe:
        for event in probe.events(duration=5):
            print(event.comm, event.pid)

Maps, program, rings and probe are created in this order and closed in reverse order: the probe is
removed first, so that no program can write to rings or maps while they are being closed.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from rawbpf.errors import ClosedError, KernelError, UsageError
from rawbpf.events.log_record import LOG
from rawbpf.kernel.hardware import pmu_type, possible_cpus
from rawbpf.kernel.version import raise_memlock_if_needed, require_kernel
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.links.dispatch import attach
from rawbpf.links.perf_events import check_function_name
from rawbpf.maps.map import Map, PerCpuArray
from rawbpf.programs.program import load
from rawbpf.reading.collector import Collector
from rawbpf.reading.cpu_ring import FLAG_STRIDE
from rawbpf.reading.perf_reader import DEFAULT_PAGES, MAX_PAGES, PerfReader, check_pages
from rawbpf.reading.session import Session
from rawbpf.specs.program_spec import ProbeKind, ProbePoint, ProbeSpec
from rawbpf.syscall.fd import PROT_READ, PROT_WRITE, Mapping, Owner
from rawbpf.tracing.log_program import (
    CPU_STATE,
    EVENTS,
    OUTCOMES,
    SENT,
    SKIPPED,
    cpu_state_map,
    events_map,
    hello_kprobe,
)
from rawbpf.tracing.process_ids import own_process_id, process_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Self

    from rawbpf.events.log_record import LogRecord
    from rawbpf.events.log_rows import LogRows
    from rawbpf.events.rows import Rows
    from rawbpf.links.link import Link
    from rawbpf.reading.collector import Ledger
    from rawbpf.reading.order import Taken
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["Kprobe"]

_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")

_LARGEST_PID = 1 << 22  # PID_MAX_LIMIT


class Kprobe(Owner):
    """Traces calls to a kernel function, inside a ``with`` block.

    ``pid`` limits tracing to one process, given by its ID in the caller's PID namespace.
    ``retprobe`` traces returns instead of calls. ``buffer_pages`` is the number of ring buffer
    pages per CPU, which must be a power of two. A ring that fills up is replaced by a larger ring,
    of up to ``max_buffer_pages`` pages. ``exclude_self`` skips calls by the current process and
    counts them in ``ledger.skipped``. Use this option if the function is called while events are
    read or printed; otherwise, events may cause further events.

    ``program`` replaces the program from lesson 01. The program must send log records through the
    map "events" and count outcomes in the maps "outcomes" and "cpu_state", as the instructions from
    ``tracing.log_program.emit_log`` do. ``exclude_self`` has no effect on a custom program.

    Tracing requires Linux 5.8, and root or CAP_BPF and CAP_PERFMON. Raises UsageError if an
    argument is invalid; entering the block raises UnsupportedError if the kernel has no kprobes,
    and otherwise VerifierError, AttachError or KernelError (such as ESRCH if process ``pid`` does
    not exist).

    >>> Kprobe("do_sys_openat2; rm")
    Traceback (most recent call last):
    ...
    rawbpf.errors.UsageError: ...
    """

    def __init__(
        self,
        function: str,
        *,
        pid: int | None = None,
        retprobe: bool = False,
        buffer_pages: int = DEFAULT_PAGES,
        max_buffer_pages: int = MAX_PAGES,
        exclude_self: bool = False,
        program: ProgramSpec | None = None,
    ) -> None:
        check_function_name(function)
        if pid is not None and not 0 < pid <= _LARGEST_PID:
            raise UsageError(f"invalid process ID: {pid}")
        self.function = function
        if pid is not None and program is not None:
            what = "pid limits the lesson's program only"
            raise UsageError(what, fix="let your program compare rawbpf.tracing.process_id(pid)")
        self._pid, self._exclude_self, self._given = pid, exclude_self, program
        point = ProbePoint.RETURN if retprobe else ProbePoint.ENTRY
        self.probe = ProbeSpec(ProbeKind.KPROBE, function, point)
        self.buffer_pages = check_pages(buffer_pages)
        self.max_buffer_pages = check_pages(max_buffer_pages)
        self._stack = ExitStack()
        self._session: Session[LogRecord] | None = None
        self._state: memoryview | None = None

    def __repr__(self) -> str:
        state = "not attached" if self._session is None else "attached"
        return f"<Kprobe {self.probe}: {state}>"

    def __enter__(self) -> Self:
        require_kernel()
        pmu_type("kprobe")  # raises an error early on kernels without kprobes
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def _open(self, stack: ExitStack) -> None:
        raise_memlock_if_needed()
        cpus = possible_cpus()
        events = stack.enter_context(Map.create(events_map(cpus)))
        outcomes = stack.enter_context(PerCpuArray.create(OUTCOMES))
        maps: dict[str, Map] = {EVENTS: events, OUTCOMES.name: outcomes}
        spec = self._spec()
        if CPU_STATE in spec.code.map_names:
            maps[CPU_STATE] = stack.enter_context(Map.create(cpu_state_map(cpus)))
        program = stack.enter_context(load(spec, maps))
        if CPU_STATE in maps:
            self._state = stack.enter_context(_mapping(maps[CPU_STATE])).view()
        pages, most = self.buffer_pages, self.max_buffer_pages
        reader = PerfReader(events, pages, flags=self._state, max_pages=most)
        stack.enter_context(reader)
        session = stack.enter_context(Session(Collector({EVENTS: reader}, _decode, _KTIME)))
        self._link = stack.enter_context(attach(program, self.probe))
        self._outcomes, self._program = outcomes, program
        self._missed: int | None = None
        self._session = session

    def _spec(self) -> ProgramSpec:
        """Return a program that compares process IDs as seen from within BPF."""
        if self._given is not None:
            return self._given
        pid = None if self._pid is None else process_id(self._pid)
        return hello_kprobe(pid, skip=own_process_id() if self._exclude_self else None)

    def _counted(self, field: int) -> int:
        """Return the sum of a counter over all CPUs."""
        if self._state is None:
            return 0
        with self._state.cast("Q") as words:
            return sum(words[field // 8 :: FLAG_STRIDE // 8])

    @property
    def session(self) -> Session[LogRecord]:
        """The running session. Raises ClosedError outside the ``with`` block."""
        if self._session is None:
            raise ClosedError(
                f"the probe of {self.function} is not open", fix="use the object in a `with` block"
            )
        return self._session

    @property
    def link(self) -> Link:
        """The link of the probe, which can be pinned and queried.

        Raises ClosedError outside the ``with`` block.
        """
        self.session  # noqa: B018 -- raises ClosedError
        return self._link

    @property
    def ledger(self) -> Ledger:
        """The counts of delivered and lost events, which are complete after ``detach``."""
        return self.session.ledger

    def batches(self, duration: float | None = None) -> Iterator[Rows[LogRecord]]:
        """Yield arrays of events as they arrive, for ``duration`` seconds or until ``stop``.

        An array contains all available events of one format. Events are decoded only on request:
        ``len(batch)`` counts events, ``batch["pid"]`` returns one field of each event,
        ``batch.tuples()`` and ``batch.array()`` return all fields, and iterating over the batch
        yields the same objects as ``events``. See ``events.rows.Rows``.

        A ``duration`` of 0 or None sets no limit. When the iteration ends, the probe is removed,
        and the remaining events are yielded.
        """
        batches: Any = self.session.batches(duration or None)  # _decode returns only rows
        yield from batches
        yield from self.last_batches()

    def events(self, duration: float | None = None) -> Iterator[LogRecord]:
        """Yield the events of ``batches`` one at a time.

        If the caller leaves the loop early, the probe stays attached, and events that were read
        from the rings and not yielded are delivered later, by ``detach`` at the latest.
        """
        yield from self.session.records(duration or None)
        yield from self.detach()

    def stop(self, reason: str = "stopped") -> None:
        """End ``events``.

        This method may be called from other threads and from signal handlers (see
        ``Session.stop``).
        """
        self.session.stop(reason)

    def detach(self) -> list[LogRecord]:
        """Remove the probe, complete the ledger, and return the undelivered events.

        A second call of ``detach`` returns no events.
        """
        return [event for batch in self.last_batches() for event in batch]

    def last_batches(self) -> list[Rows[LogRecord]]:
        """Do the same as ``detach``, but return the events in batches."""
        session = self.session  # ClosedError
        if self._missed is None:
            self._missed = self._link.missed or 0  # the kprobe itself counts these since 6.7
        self._link.close()
        rest: list[Any] = session.rest()
        outcomes = self._outcomes.sums()
        outcomes[0] += self._counted(SENT)
        missed = self._missed + self._program.info().recursion_misses
        self.ledger.settle(outcomes, missed, self._counted(SKIPPED))
        return rest

    def close(self) -> None:
        """Detach the probe and free all resources. Closing a probe twice has no effect."""
        self._session = self._state = None
        self._stack.close()


_KTIME = LOG.offset("ktime_ns")


def _mapping(array: Map) -> Mapping:
    """Map the elements of an ARRAY with BPF_F_MMAPABLE into memory."""
    pages = -(-array.spec.max_entries * array.spec.value_size // _PAGE_SIZE)
    try:
        return Mapping(array, pages * _PAGE_SIZE, protection=PROT_READ | PROT_WRITE)
    except KernelError as error:
        what = f"cannot map the memory of map {array.spec.name!r}"
        raise KernelError(what, errno=error.errno or 0, call="mmap") from None


def _decode(one: Taken) -> tuple[list[LogRows], int]:
    from rawbpf.events.log_rows import decode_logs  # not needed before the first record arrives

    return decode_logs(one.batch)
