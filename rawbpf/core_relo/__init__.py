"""CO-RE (compile once, run everywhere): relocate programs for the running kernel.

CO-RE finds fields by name when a program is loaded.

    C           │ BPF_CORE_READ(task, mm, owner)
    clang       │ r1 = *(u64 *)(r1 + 1160)    and a record: byte offset of field 0:47 of type 12
    kernel BTF  │ struct task_struct has mm at offset 1208
    loaded      │ r1 = *(u64 *)(r1 + 1208)

``access`` follows a record's path through the object's own types, ``match`` finds the same path in
the kernel's types, ``compute`` derives a number from the path, and ``patch`` writes the number into
the instruction.

The rules are the same as in libbpf, so that both loaders treat an object in the same way.
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
