"""CO-RE: compile once, run everywhere. A program asks by name where a field is; a loader answers.

    C            BPF_CORE_READ(task, mm, owner)
    clang        r1 = *(u64 *)(r1 + 1160)    with a record: field 0:47 of type 12, its byte offset
    here         the kernel's own struct task_struct has mm at 1208
    kernel       r1 = *(u64 *)(r1 + 1208)

``access`` follows a record's path through the object's own types, ``match`` finds the same path in
the kernel's, ``compute`` makes a number of it, ``patch`` puts it into the instruction. ``missing``
says in words what a kernel does not have.

The rules are those of libbpf, which wrote them first: objects must mean the same to both.
"""

from __future__ import annotations

from rawbpf.core_relo.candidates import Targets
from rawbpf.core_relo.relocate import Relocated, Result, relocate

__all__ = ["Relocated", "Result", "Targets", "relocate"]
