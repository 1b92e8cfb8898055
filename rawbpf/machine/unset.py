"""What a register holds before it is written: nothing that can be computed with.

The kernel's verifier refuses a program that reads such a register (``R3 !read_ok``). The machine
finds out while it runs, and at no cost: an ``Unset`` stands in the register instead of a number,
and whatever is done with it raises.
"""

from __future__ import annotations

from typing import NoReturn, cast

from rawbpf.errors import MachineError
from rawbpf.uapi.bpf_insn import MAX_BPF_REG

__all__ = ["CLOBBERED", "NEVER_WRITTEN", "Unset"]


class Unset:
    """No number. ``what`` and the rest are those of the MachineError that reading it raises."""

    __slots__ = ("fix", "what", "why")

    def __init__(self, what: str, why: str, fix: str | None = None) -> None:
        self.what, self.why, self.fix = what, why, fix

    def _refuse(self, *_: object) -> NoReturn:
        raise MachineError(self.what, why=self.why, fix=self.fix)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = __abs__ = _refuse
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _refuse
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _refuse
    __bool__ = __index__ = __int__ = __hash__ = _refuse

    def __repr__(self) -> str:
        return "unset"


def _registers(what: str, why: str, fix: str | None = None) -> list[int]:
    """One for each register. They are lent to lists of numbers, and refuse to act as one."""
    unset = (Unset(what.format(f"r{number}"), why, fix) for number in range(MAX_BPF_REG))
    return cast("list[int]", list(unset))


NEVER_WRITTEN = _registers("{} is read before it was written", "the verifier refuses that")
"""By register, at the start of a function."""

CLOBBERED = _registers(
    "{} is read after a call",
    "every call destroys r1 to r5",
    "keep the value in r6 to r9, or on the stack",
)
"""By register, after a call."""
