"""Changes that several rules propose.

"Leave" is `r0 = 0`, `exit`: right for what most programs return, and in a function of the program
as well. It is a proposal; the kernel is asked before anybody is told that it works.
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
    """In front of ``slot``: unless the condition holds, the program ends."""
    return insert(slot, *before, f"if {condition} goto +2", "r0 = 0", "exit")


def free_registers(failure: Failure) -> list[int]:
    """Registers that the program names nowhere; those that calls keep come first."""
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
    """The step that added an unknown number to an address, and the register with the number."""
    for one in failure.origins(register):
        if one.effect.kind == "arithmetic" and one.effect.src is not None:
            return one, one.effect.src
    return None


def room(value: Value | None) -> int | None:
    """The bytes from an address to the end of the memory that it is in, if that is known."""
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
