"""Trace kernel functions: the lesson's program, and an object that loads, attaches and reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.front_door import front_door

if TYPE_CHECKING:
    from rawbpf.tracing.kprobe import Kprobe
    from rawbpf.tracing.log_program import emit_log, hello_kprobe

__all__ = [
    "Kprobe",
    "emit_log",
    "hello_kprobe",
]

_HOMES = {
    "Kprobe": "rawbpf.tracing.kprobe",
    "emit_log": "rawbpf.tracing.log_program",
    "hello_kprobe": "rawbpf.tracing.log_program",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
