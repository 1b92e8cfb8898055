"""Programs that send log records: instructions that build a record, and lesson 01's program.

The record is built on the program's 512-byte stack, and one helper call copies it to the ring of
the current CPU:

    stack   r10 - 8 - size ┌────────────┬────────────┬──────────────┬─────────┐ r10
                           │ header, 48 │ arguments  │ text, padded │ pointer │
                           └────────────┴────────────┴──────────────┴─────────┘

This pointer refers to the current CPU's entry in the map ``cpu_state``. The kernel inlines the
lookup in this array, and the reader maps the array's memory:

    0 u32 wake      0, or 1 + the slot of ``events`` to use for the next record, which wakes the
                    reader; the program sets it to 0 (see ``reading.cpu_ring``)
    8 u64 sent      records sent
   16 u64 skipped   calls that the program skipped

Failures of the helper are counted by errno in the map ``outcomes``. The kernel reports losses only
with the next record that fits, so losses at the end of a run would never be reported. The program
therefore counts every record that it sends or loses.

Reading and printing records calls kernel functions as well. A probe on one of these functions would
therefore trace its own reader, and every record would cause further records. A program can
therefore skip and count the calls that one process makes.

The program does not increment the counters atomically. Each counter belongs to one CPU, and no
other kprobe program can interrupt this program, because the kernel skips programs while
bpf_prog_active is set on the CPU. This guarantee does not exist for fentry programs, raw
tracepoints (before 6.1) and uprobes (from about 6.0).
"""

from __future__ import annotations

import struct

from rawbpf.asm import Builder, r0, r1, r2, r3, r4, r5, r6, r7, w3
from rawbpf.errors import UsageError
from rawbpf.events.log_record import ARGUMENT, FORMATS, HEADER, NUMBERED, level_number
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.reading.cpu_ring import FLAG_STRIDE
from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_insn import MAX_BPF_STACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.asm import Memory, Register

__all__ = [
    "CPU_STATE",
    "EVENTS",
    "MESSAGE",
    "OUTCOMES",
    "OUTCOME_OTHER",
    "SENT",
    "SKIPPED",
    "cpu_state_map",
    "emit_log",
    "events_map",
    "hello_kprobe",
]

EVENTS = "events"
OUTCOME_OTHER = 127
"""The index for all larger errnos, in case a later kernel returns one."""

OUTCOMES = MapSpec(
    "outcomes", bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, max_entries=OUTCOME_OTHER + 1
)
"""Index n counts records lost because the helper returned -n.

Index 0 counts records sent by programs that do not use ``cpu_state``."""

CPU_STATE = "cpu_state"
_WAKE, SENT, SKIPPED = 0, 8, 16

_KTIME, _PID_TGID, _CPU, _COMM = 8, 16, 24, 32
_COMM_LENGTH = 16


def events_map(cpus: Sequence[int]) -> MapSpec:
    """Return the spec of a PERF_EVENT_ARRAY with two entries for each CPU ID.

    The first half contains the events that batch records, and the second half contains the events
    that wake the reader.
    """
    kind = bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY
    return MapSpec(EVENTS, kind, 4, 4, max_entries=2 * (max(cpus) + 1))


def cpu_state_map(cpus: Sequence[int]) -> MapSpec:
    """Return the spec of a mappable ARRAY (5.5) with one cache line for each CPU ID."""
    return MapSpec(
        CPU_STATE,
        bpf_map_type.BPF_MAP_TYPE_ARRAY,
        key_size=4,
        value_size=FLAG_STRIDE,
        max_entries=max(cpus) + 1,
        map_flags=bpf_map_flags.BPF_F_MMAPABLE,
    )


def emit_log(
    b: Builder, context: Register, level: str, text: str, args: Sequence[Register] = ()
) -> None:
    """Append instructions that send one log record; they overwrite r0 to r5.

    ``context`` is a register that contains the program's context. ``context`` and ``args`` must be
    registers r6 to r9, because helper calls clobber the other registers. ``text`` is a format with
    ``{}`` for each argument; see ``events.log_record``. Raise UsageError if the record does not fit
    on the stack, or the level is unknown.
    """
    raw = text.encode()
    _emit(b, context, level, len(raw), raw, args)


def _emit(
    b: Builder,
    context: Register,
    level: str,
    text_length: int,
    text: bytes = b"",
    args: Sequence[Register] = (),
    pid_tgid: Register | None = None,
) -> None:
    """Send a log record.

    ``pid_tgid`` is a register that already contains the result of the helper of that name, if any.
    """
    padded = text + bytes(-len(text) % 8)
    length = HEADER.size + ARGUMENT * len(args) + len(text)
    size = HEADER.size + ARGUMENT * len(args) + len(padded)
    if size > MAX_BPF_STACK - 8:  # the pointer to the state is 8 bytes long
        raise UsageError(f"a log record of {size} bytes does not fit on a program's stack")
    head = struct.pack("=IBBH", length, level_number(level), len(args), text_length)
    with b.stack(8, name="state") as state, b.stack(size, name="log record") as record:
        _store(b, record, head)
        b.call("ktime_get_ns")
        b.stxdw(record + _KTIME, r0)
        if pid_tgid is None:
            b.call("get_current_pid_tgid")
        b.stxdw(record + _PID_TGID, pid_tgid or r0)
        b.call("get_smp_processor_id")
        b.stxdw(record + _CPU, r0)
        b.address(r1, record + _COMM)
        b.mov(r2, _COMM_LENGTH)
        b.call("get_current_comm")
        arguments = record + HEADER.size
        for index, arg in enumerate(args):
            b.stxdw(arguments + ARGUMENT * index, arg)
        _store(b, arguments + ARGUMENT * len(args), padded)
        _select_slot(b, record + _CPU, state)
        _send(b, context, record, size)
        _count(b, record, state)


def _store(b: Builder, memory: Memory, data: bytes) -> None:
    """Store constant bytes in memory, eight at a time."""
    for at in range(0, len(data), 8):
        b.lddw(r1, int.from_bytes(data[at : at + 8], "little"))
        b.stxdw(memory + at, r1)


def _select_slot(b: Builder, cpu: Memory, state: Memory) -> None:
    """Set r3 to the slot of ``events`` for the next record.

    Store &cpu_state[cpu], or 0, in ``state``.

    r3 is set to BPF_F_CURRENT_CPU, unless the reader has asked to be woken. If the reader requests
    a wake-up between the load and the store, the request is lost, and the reader later finds a
    record for which it was not woken.
    """
    ready = b.fresh("ready")
    b.ld_map_fd(r1, CPU_STATE)
    b.address(r2, cpu)
    b.call("map_lookup_elem")
    b.stxdw(state, r0)
    b.mov(r3, 0)
    b.jeq(r0, 0, ready)
    b.ldxw(r3, r0[_WAKE])
    b.jeq(r3, 0, ready)
    b.stw(r0[_WAKE], 0)
    b.label(ready)
    b.sub(w3, 1)  # if these 32 bits are 0, they become BPF_F_CURRENT_CPU


def _send(b: Builder, context: Register, record: Memory, size: int) -> None:
    """Set r0 = bpf_perf_event_output(context, events, r3, record, size)."""
    b.mov(r1, context)
    b.ld_map_fd(r2, EVENTS)
    b.address(r4, record)
    b.mov(r5, size)
    b.call("perf_event_output")


def _count(b: Builder, key: Memory, state: Memory) -> None:
    """Count in cpu_state[cpu].sent if r0 is 0, and otherwise in outcomes[min(-r0, OUTCOME_OTHER)].

    The instructions overwrite the memory at ``key``.
    """
    other, known, done = b.fresh("other"), b.fresh("known"), b.fresh("done")
    b.jne(r0, 0, other)
    b.ldxdw(r1, state)
    b.jeq(r1, 0, other)
    _add_one(b, r1[SENT])
    b.ja(done)
    b.label(other)
    b.neg(r0)
    b.jle(r0, OUTCOME_OTHER, known)
    b.mov(r0, OUTCOME_OTHER)
    b.label(known)
    b.stxw(key, r0)
    b.ld_map_fd(r1, OUTCOMES.name)
    b.address(r2, key)
    b.call("map_lookup_elem")
    b.jeq(r0, 0, done)
    _add_one(b, r0[0])
    b.label(done)


def _add_one(b: Builder, counter: Memory) -> None:
    b.ldxdw(r2, counter)
    b.add(r2, 1)
    b.stxdw(counter, r2)


MESSAGE = FORMATS[0]


def hello_kprobe(pid: int | None = None, *, skip: int | None = None) -> ProgramSpec:
    """Return lesson 01's program, which logs "kprobe triggered!" for each call of a function.

    With ``pid``, the program logs only calls by the given process (thread group). With ``skip``,
    the program counts the calls by the given process but does not log them. In C:

        int hello_kprobe(struct pt_regs *ctx)
        {
            if (pid && bpf_get_current_pid_tgid() >> 32 != pid)
                return 0;
            if (skip && bpf_get_current_pid_tgid() >> 32 == skip) {
                cpu_state[bpf_get_smp_processor_id()].skipped++;
                return 0;
            }
            info(ctx, "kprobe triggered!");
            return 0;
        }

    >>> hello_kprobe().prog_type.name
    'BPF_PROG_TYPE_KPROBE'
    """
    b = Builder("hello_kprobe")
    b.mov(r6, r1)  # r1 contains the context, but calls overwrite r1
    b.call("get_current_pid_tgid")
    b.mov(r7, r0)
    if pid is not None or skip is not None:
        b.rsh(r0, 32)
    if pid is not None:
        b.jne(r0, pid, "out")  # process IDs are below 2^22
    if skip is not None:
        _skip(b, skip)
    _emit(b, r6, "info", NUMBERED + FORMATS.index(MESSAGE), pid_tgid=r7)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec("hello_kprobe", bpf_prog_type.BPF_PROG_TYPE_KPROBE, b.build())


def _skip(b: Builder, pid: int) -> None:
    """If r0 is ``pid``, count the call in cpu_state[cpu].skipped and exit."""
    wanted = b.fresh("wanted")
    b.jne(r0, pid, wanted)
    b.call("get_smp_processor_id")
    with b.stack(4, name="cpu") as cpu:
        b.stxw(cpu, r0)
        b.ld_map_fd(r1, CPU_STATE)
        b.address(r2, cpu)
    b.call("map_lookup_elem")
    b.jeq(r0, 0, "out")
    _add_one(b, r0[SKIPPED])
    b.ja("out")
    b.label(wanted)
