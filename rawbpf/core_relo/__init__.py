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

from typing import TYPE_CHECKING

from rawbpf.front_door import front_door

if TYPE_CHECKING:
    from rawbpf.core_relo.candidates import Targets
    from rawbpf.core_relo.engine import Relocated, Result, relocate

__all__ = [
    "Relocated",
    "Result",
    "Targets",
    "relocate",
]

_HOMES = {
    "Relocated": "rawbpf.core_relo.engine",
    "Result": "rawbpf.core_relo.engine",
    "Targets": "rawbpf.core_relo.candidates",
    "relocate": "rawbpf.core_relo.engine",
}

__getattr__, __dir__ = front_door(__name__, _HOMES)
