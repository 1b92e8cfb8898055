"""Trace kernel functions with the program from lesson 01, which this package loads and reads."""

from __future__ import annotations

from rawbpf.front_door import front_door
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawbpf.tracing.kprobe import Kprobe
    from rawbpf.tracing.log_program import emit_log, hello_kprobe
    from rawbpf.tracing.process_ids import own_process_id, process_id

__all__ = [
    "Kprobe",
    "emit_log",
    "hello_kprobe",
    "own_process_id",
    "process_id",
]

_HOMES = {
    "Kprobe": "rawbpf.tracing.kprobe",
    "emit_log": "rawbpf.tracing.log_program",
    "hello_kprobe": "rawbpf.tracing.log_program",
    "own_process_id": "rawbpf.tracing.process_ids",
    "process_id": "rawbpf.tracing.process_ids",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
