"""The kernel's half of a log record: instructions that build one and send it.

The record is put together on the program's stack, 512 bytes at most, and copied to the ring of the
CPU by one helper call. What that call returns is counted in ``outcomes``, by errno: a ring that is
full reports a loss only with the next record that fits, so a run that ends while it is full would
never know. The program always does.

    stack   r10 - size ┌────────────┬────────────┬────────────────┐ r10
                       │ header, 48 │ arguments  │ text, padded   │
                       └────────────┴────────────┴────────────────┘
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from rawbpf.asm import r0, r1, r2, r3, r4, r5, r10
from rawbpf.errors import UsageError
from rawbpf.events.log_record import HEADER, level_number
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import BPF_F_CURRENT_CPU, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.asm import Builder, Register

__all__ = ["EVENTS", "OUTCOMES", "OUTCOME_OTHER", "emit_log", "events_map"]

EVENTS = "events"
OUTCOME_OTHER = 127
"""The slot for an errno above; bpf_perf_event_output returns none, a later kernel might."""

OUTCOMES = MapSpec(
    "outcomes", bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, max_entries=OUTCOME_OTHER + 1
)
"""Index 0: records sent. Index n: records lost because the helper returned -n."""

_STACK = 512
_KTIME, _PID_TGID, _CPU, _COMM = 8, 16, 24, 32
_COMM_LENGTH = 16


def events_map(cpus: Sequence[int]) -> MapSpec:
    """The PERF_EVENT_ARRAY: one slot for each possible CPU id, holes included."""
    kind = bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY
    return MapSpec(EVENTS, kind, 4, 4, max_entries=max(cpus) + 1)


def emit_log(
    b: Builder, context: Register, level: str, text: str, args: Sequence[Register] = ()
) -> None:
    """Append the instructions that send one log record.

    ``context`` (r6-r9) holds the program's context; ``args`` are registers of r6-r9 too, since
    every helper call destroys r0-r5, which is also what this leaves of them.

    ``text`` may hold ``{}`` for each argument; see ``events.log_record``.
    """
    raw = text.encode()
    padded = raw + bytes(-len(raw) % 8)
    length = HEADER.size + 8 * len(args) + len(raw)
    size = HEADER.size + 8 * len(args) + len(padded)
    room = _STACK - 8  # the lower end is the key of the counter
    if size > room:
        raise UsageError(f"a log record of {size} bytes does not fit a program's stack")
    record = r10 - size
    head = struct.pack("=IBBH", length, level_number(level), len(args), len(raw))
    _store(b, record.offset, head)
    b.call("ktime_get_ns")
    b.stxdw(r10[record.offset + _KTIME], r0)
    b.call("get_current_pid_tgid")
    b.stxdw(r10[record.offset + _PID_TGID], r0)
    b.call("get_smp_processor_id")
    b.stxdw(r10[record.offset + _CPU], r0)
    b.mov(r1, r10)
    b.add(r1, record.offset + _COMM)
    b.mov(r2, _COMM_LENGTH)
    b.call("get_current_comm")
    for index, arg in enumerate(args):
        b.stxdw(r10[record.offset + HEADER.size + 8 * index], arg)
    _store(b, record.offset + HEADER.size + 8 * len(args), padded)
    _send(b, context, record.offset, size)
    _count(b, record.offset - 8)


def _store(b: Builder, offset: int, data: bytes) -> None:
    """Write constant bytes to the stack, eight at a time."""
    for at in range(0, len(data), 8):
        b.lddw(r1, int.from_bytes(data[at : at + 8], "little"))
        b.stxdw(r10[offset + at], r1)


def _send(b: Builder, context: Register, offset: int, size: int) -> None:
    """r0 = bpf_perf_event_output(context, events, BPF_F_CURRENT_CPU, record, size)."""
    b.mov(r1, context)
    b.ld_map_fd(r2, EVENTS)
    b.lddw(r3, BPF_F_CURRENT_CPU)
    b.mov(r4, r10)
    b.add(r4, offset)
    b.mov(r5, size)
    b.call("perf_event_output")


def _count(b: Builder, key: int) -> None:
    """outcomes[min(-r0, OUTCOME_OTHER)] += 1.

    Not an atomic add: the value is this CPU's own, and a kprobe's program is never interrupted by
    another on its CPU (bpf_prog_active).
    """
    known, absent = b.fresh("known"), b.fresh("absent")
    b.neg(r0)
    b.jle(r0, OUTCOME_OTHER, known)
    b.mov(r0, OUTCOME_OTHER)
    b.label(known)
    b.stxw(r10[key], r0)
    b.ld_map_fd(r1, OUTCOMES.name)
    b.mov(r2, r10)
    b.add(r2, key)
    b.call("map_lookup_elem")
    b.jeq(r0, 0, absent)
    b.ldxdw(r1, r0[0])
    b.add(r1, 1)
    b.stxdw(r0[0], r1)
    b.label(absent)
