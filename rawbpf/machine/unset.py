"""The contents of an unwritten register, represented by an object that raises an error on use.

The kernel's verifier rejects a program that reads such a register (``R3 !read_ok``). The
interpreter detects such reads at run time without overhead, because the register contains an
``Unset`` instead of a number.
"""

from __future__ import annotations

from typing import NoReturn, cast

from rawbpf.errors import MachineError
from rawbpf.uapi.bpf_insn import MAX_BPF_REG

__all__ = ["CLOBBERED", "NEVER_WRITTEN", "Unset"]


class Unset:
    """Raises MachineError(what, why, fix) whenever the object is used as a number."""

    __slots__ = ("fix", "what", "why")

    def __init__(self, what: str, why: str, fix: str | None = None) -> None:
        self.what, self.why, self.fix = what, why, fix

    def _raise(self, *_: object) -> NoReturn:
        raise MachineError(self.what, why=self.why, fix=self.fix)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _raise
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = __abs__ = _raise
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _raise
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = _raise
    __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _raise
    __bool__ = __index__ = __int__ = __hash__ = _raise

    def __repr__(self) -> str:
        return "unset"


def _registers(what: str, why: str, fix: str | None = None) -> list[int]:
    """Return one `Unset` per register, typed as numbers to fit into lists of numbers."""
    unset = (Unset(what.format(f"r{number}"), why, fix) for number in range(MAX_BPF_REG))
    return cast("list[int]", list(unset))


NEVER_WRITTEN = _registers("{} is read before it is written", "the verifier rejects this")
"""The contents of each register at the start of a function."""

CLOBBERED = _registers(
    "{} is read after a call",
    "every call destroys r1 to r5",
    "keep the value in r6 to r9, or on the stack",
)
"""The contents of each register after a call."""
