"""Programs that send log records: the instructions that build a record, and the lesson's program.

The record is built on the program's stack of 512 bytes, and one helper call copies it to the ring
of the current CPU:

    stack   r10 - size ┌────────────┬────────────┬────────────────┐ r10
                       │ header, 48 │ arguments  │ text, padded   │
                       └────────────┴────────────┴────────────────┘

The program counts the helper's return values by errno in the map ``outcomes``. The kernel reports
losses only with the next record that fits, so losses at the end of a run would never be reported.
The counts in ``outcomes`` are complete.

Reading and printing records calls kernel functions as well. A probe on one of these functions would
therefore trace its own reader, and each record would cause further records. A program can skip the
calls that one process makes, and counts the skipped calls.
"""

from __future__ import annotations

import struct

from rawbpf.asm import Builder, r0, r1, r2, r3, r4, r5, r6
from rawbpf.errors import UsageError
from rawbpf.events.log_record import HEADER, level_number
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import BPF_F_CURRENT_CPU, bpf_map_type, bpf_prog_type
from rawbpf.uapi.bpf_insn import MAX_BPF_STACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.asm import Memory, Register

__all__ = [
    "EVENTS",
    "MESSAGE",
    "OUTCOMES",
    "OUTCOME_OTHER",
    "SKIPPED",
    "emit_log",
    "events_map",
    "hello_kprobe",
]

EVENTS = "events"
OUTCOME_OTHER = 127
"""The index for all larger errnos, in case a later kernel returns one."""

SKIPPED = OUTCOME_OTHER + 1
"""The index that counts the calls by the process that the program skips."""

OUTCOMES = MapSpec(
    "outcomes", bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, max_entries=SKIPPED + 1
)
"""Index 0 counts records sent, and index n counts records lost because the helper returned -n."""

_KTIME, _PID_TGID, _CPU, _COMM = 8, 16, 24, 32
_COMM_LENGTH = 16


def events_map(cpus: Sequence[int]) -> MapSpec:
    """Return the spec of a PERF_EVENT_ARRAY with an entry for each CPU ID up to the highest."""
    kind = bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY
    return MapSpec(EVENTS, kind, 4, 4, max_entries=max(cpus) + 1)


def emit_log(
    b: Builder, context: Register, level: str, text: str, args: Sequence[Register] = ()
) -> None:
    """Append instructions that send one log record; they overwrite r0 to r5.

    ``context`` contains the program's context. ``context`` and ``args`` must be registers r6 to r9,
    because helper calls clobber the other registers. ``text`` is a format with ``{}`` for each
    argument; see ``events.log_record``. Raise UsageError if the record does not fit on the stack,
    or the level is unknown.
    """
    raw = text.encode()
    padded = raw + bytes(-len(raw) % 8)
    length = HEADER.size + 8 * len(args) + len(raw)
    size = HEADER.size + 8 * len(args) + len(padded)
    if size > MAX_BPF_STACK - 8:  # the key of the counter takes the last 8 bytes
        raise UsageError(f"a log record of {size} bytes does not fit on a program's stack")
    head = struct.pack("=IBBH", length, level_number(level), len(args), len(raw))
    with b.stack(size, name="log record") as record, b.stack(4, name="outcome") as key:
        _store(b, record, head)
        b.call("ktime_get_ns")
        b.stxdw(record + _KTIME, r0)
        b.call("get_current_pid_tgid")
        b.stxdw(record + _PID_TGID, r0)
        b.call("get_smp_processor_id")
        b.stxdw(record + _CPU, r0)
        b.address(r1, record + _COMM)
        b.mov(r2, _COMM_LENGTH)
        b.call("get_current_comm")
        arguments = record + HEADER.size
        for index, arg in enumerate(args):
            b.stxdw(arguments + 8 * index, arg)
        _store(b, arguments + 8 * len(args), padded)
        _send(b, context, record, size)
        _count(b, key)


def _store(b: Builder, memory: Memory, data: bytes) -> None:
    """Store constant bytes in memory, eight at a time."""
    for at in range(0, len(data), 8):
        b.lddw(r1, int.from_bytes(data[at : at + 8], "little"))
        b.stxdw(memory + at, r1)


def _send(b: Builder, context: Register, record: Memory, size: int) -> None:
    """r0 = bpf_perf_event_output(context, events, BPF_F_CURRENT_CPU, record, size)."""
    b.mov(r1, context)
    b.ld_map_fd(r2, EVENTS)
    b.lddw(r3, BPF_F_CURRENT_CPU)
    b.address(r4, record)
    b.mov(r5, size)
    b.call("perf_event_output")


def _count(b: Builder, key: Memory) -> None:
    """outcomes[min(-r0, OUTCOME_OTHER)] += 1.

    The add need not be atomic, because the value belongs to this CPU, and no other kprobe program
    can interrupt this one: the kernel skips programs while bpf_prog_active is set on the CPU. This
    does not hold for fentry programs, raw tracepoints (before 6.1) and uprobes (from about 6.0).
    """
    known = b.fresh("known")
    b.neg(r0)
    b.jle(r0, OUTCOME_OTHER, known)
    b.mov(r0, OUTCOME_OTHER)
    b.label(known)
    _add_one(b, key)


def _add_one(b: Builder, key: Memory) -> None:
    """outcomes[r0] += 1."""
    absent = b.fresh("absent")
    b.stxw(key, r0)
    b.ld_map_fd(r1, OUTCOMES.name)
    b.address(r2, key)
    b.call("map_lookup_elem")
    b.jeq(r0, 0, absent)
    b.ldxdw(r1, r0[0])
    b.add(r1, 1)
    b.stxdw(r0[0], r1)
    b.label(absent)


MESSAGE = "kprobe triggered!"


def hello_kprobe(pid: int | None = None, *, skip: int | None = None) -> ProgramSpec:
    """Return the lesson's program, which logs "kprobe triggered!" for each call of the function.

    With ``pid``, the program logs only calls by the given process (thread group). With ``skip``,
    the program counts the calls by the given process and does not log them. In C:

        int hello_kprobe(struct pt_regs *ctx)
        {
            if (pid && bpf_get_current_pid_tgid() >> 32 != pid)
                return 0;
            if (skip && bpf_get_current_pid_tgid() >> 32 == skip) {
                count(SKIPPED);
                return 0;
            }
            info(ctx, "kprobe triggered!");
            return 0;
        }

    >>> hello_kprobe().prog_type.name
    'BPF_PROG_TYPE_KPROBE'
    """
    b = Builder("hello_kprobe")
    b.mov(r6, r1)  # r1 is the context, but calls overwrite r1
    if pid is not None or skip is not None:
        b.call("get_current_pid_tgid")
        b.rsh(r0, 32)
    if pid is not None:
        b.jne(r0, pid, "out")  # process IDs are below 2^22
    if skip is not None:
        _skip(b, skip)
    emit_log(b, r6, "info", MESSAGE)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec("hello_kprobe", bpf_prog_type.BPF_PROG_TYPE_KPROBE, b.build())


def _skip(b: Builder, pid: int) -> None:
    """Count the call in outcomes[SKIPPED] and end, if r0 is ``pid``."""
    logged = b.fresh("logged")
    b.jne(r0, pid, logged)
    with b.stack(4, name="outcome") as key:
        b.mov(r0, SKIPPED)
        _add_one(b, key)
    b.ja("out")
    b.label(logged)
