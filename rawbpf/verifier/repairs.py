"""Build the changes that several rules propose.

Many of them end the program with `r0 = 0`, `exit`, which is right for most program types and also
in a function of the program. A change is only a proposal: the kernel verifies the changed program
before rawbpf says that the change works.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Edit, insert

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.trace import Origin
    from rawbpf.verifier.value import Value

__all__ = ["added_scalar", "free_registers", "leave_unless", "room"]


def leave_unless(slot: int, condition: str, *before: str) -> Edit:
    """Return an edit that ends the program before ``slot`` unless the condition holds."""
    return insert(slot, *before, f"if {condition} goto +2", "r0 = 0", "exit")


def free_registers(failure: Failure) -> list[int]:
    """Return the registers that the program never uses, those that survive calls first."""
    code = failure.code
    if code is None:
        return []
    used = {0, 1, 10}
    for one in code.instructions:
        used |= {one.dst, one.src}
        if one.opcode == 0x85:
            used |= {1, 2, 3, 4, 5}
    return [number for number in (6, 7, 8, 9, 2, 3, 4, 5) if number not in used]


def added_scalar(failure: Failure, register: int) -> tuple[Origin, int] | None:
    """Return the step that added an unknown number to a pointer, and the number's register."""
    for one in failure.origins(register):
        if one.effect.kind == "arithmetic" and one.effect.src is not None:
            return one, one.effect.src
    return None


def room(value: Value | None) -> int | None:
    """Return the number of bytes from a pointer to the end of its memory, None if unknown."""
    if value is None or value.is_variable:
        return None
    if value.kind == "fp":
        return -value.off if value.off < 0 else None
    size = {
        "map_value": "vs",
        "map_key": "ks",
        "ringbuf_mem": "sz",
        "mem": "sz",
        "alloc_mem": "mem_size",
    }
    field = size.get(value.kind)
    if field is None or field not in value.fields:
        return None
    return value.field(field) - value.off
