"""Explain out-of-bounds accesses to memory of known size.

A number may have been added to the pointer.

start of the memory        number that was added: umin ... umax          end of the memory
│ off (known)  ├───────────────────────────────────────────┤ size bytes │
0                                                                        room
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from rawbpf.verifier.patch import Patch, added_scalar, insert, leave_unless, room
from rawbpf.verifier.rule import Evidence, Finding
from rawbpf.verifier.words import can_be, history, number

if TYPE_CHECKING:
    import re
    from collections.abc import Collection

    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.value import Value

__all__ = ["Access", "explain_bounds", "repair_bounds"]


_KEPT = 4


class Access(NamedTuple):
    """An access of ``size`` bytes through ``register`` to memory of ``room`` bytes, if known."""

    register: int
    size: int
    off: int
    room: int | None
    value: Value | None

    @classmethod
    def of(cls, failure: Failure, match: re.Match[str], kinds: Collection[str] = ()) -> Self | None:
        """Return the access that a message describes, or None if the memory is not in ``kinds``."""
        words = match.groupdict()
        register = _register(failure, words.get("reg"))
        value = failure.value(register) if register is not None else None
        if register is None or (kinds and value is not None and value.kind not in kinds):
            return None
        memory = failure.effect.memory
        own = memory.size if memory is not None and memory.base == register else None
        size = own or int(words.get("size") or 1)
        off = memory.off if memory is not None and memory.base == register else 0
        if value is None and words.get("off"):
            off = int(words["off"])  # the whole offset, since the register's own offset is unknown
        known = _size(value)
        given = words.get("room")
        return cls(register, size, off, int(given) if given else known, value)

    @property
    def fixed(self) -> int:
        """The constant part of the offset from the start of the memory."""
        return self.off + (self.value.off if self.value is not None else 0)


def _register(failure: Failure, named: str | None) -> int | None:
    if named:
        return int(named)
    memory = failure.effect.memory
    return memory.base if memory is not None else None


def _size(value: Value | None) -> int | None:
    """Return the size of the memory that a pointer refers to."""
    for name in ("vs", "sz", "mem_size"):
        if value is not None and name in value.fields:
            return value.field(name)
    return None


def explain_bounds(failure: Failure, access: Access, memory: str) -> Finding:
    """Explain how far an access is out of bounds, and which added number is the cause.

    ``memory`` is the word for the memory in the explanation.
    """
    evidence = list(history(failure, access.register))
    scalar = _scalar(failure, access)
    if scalar is None:
        last = access.fixed + access.size
        why = f"may be outside {memory}"
        if access.room is not None:
            why = f"is out of bounds: {memory} is {_bytes(access.room)} long"
        sentence = f"the {access.size}-byte access at offset {access.fixed} {why}"
        beyond = (
            f"the access starts {_bytes(-access.fixed)} before {memory}" if access.fixed < 0 else ""
        )
        if not beyond and access.room is not None and last > access.room:
            beyond = f"the access goes {_bytes(last - access.room)} past the end"
        return Finding(sentence, tuple(evidence), beyond, _shorten(failure, access, memory))
    register, value, slot = scalar
    known = Evidence(f"r{register} {can_be(value)} when the addition runs", slot)
    at = next(one.at for one in failure.origins(access.register) if one.step.slot == slot)
    number_was = history(failure, register, at, _KEPT)
    evidence = [known, *number_was, *history(failure, access.register, most=_KEPT)]
    has = f", which is {_bytes(access.room)} long" if access.room is not None else ""
    sentence = f"adding r{register} may move the pointer outside {memory}{has}"
    unsigned = "an unsigned comparison" if value.smin < 0 else "a comparison"
    change = f"limit r{register} with {unsigned} or a mask before the addition"
    return Finding(sentence, tuple(evidence), _counter(access, register, value, memory), change)


def _shorten(failure: Failure, access: Access, memory: str) -> str:
    if failure.effect.kind == "call" and access.room is not None and access.fixed >= 0:
        return f"pass a size of at most {max(access.room - access.fixed, 0)}"
    return f"stay inside {memory}, or make it larger"


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{number(count)} bytes"


def _scalar(failure: Failure, access: Access) -> tuple[int, Value, int] | None:
    """Return the register and the value of the added number, and the slot of the addition."""
    found = added_scalar(failure, access.register)
    if found is None:
        return None
    origin, register = found
    value = failure.value(register, origin.at)
    if value is None or not value.is_scalar or value.number is not None:
        return None
    return register, value, origin.step.slot


def _counter(access: Access, register: int, value: Value, memory: str) -> str:
    """Return a possible value for which the access is out of bounds."""
    if value.smin < 0 and access.fixed + value.smin < 0:
        return f"r{register} = {number(value.smin)}: the access starts before {memory}"
    if access.room is None:
        return ""
    first = access.room - access.fixed - access.size + 1
    bad = value.tnum.at_least(max(first, value.umin))
    if bad is None or bad > value.umax:
        return ""
    beyond = access.fixed + bad + access.size - access.room
    return f"r{register} = {number(bad)}: the access goes {_bytes(beyond)} past the end"


def repair_bounds(failure: Failure, access: Access) -> Patch | None:
    """Return a patch that checks the number before the addition, or that passes a smaller size."""
    scalar = _scalar(failure, access)
    if scalar is not None and access.room is not None:
        register, _, slot = scalar
        limit = access.room - access.fixed - access.size
        if limit < 0:
            return None
        edit = leave_unless(slot, f"r{register} <= {limit}")
        return Patch(f"return 0 unless r{register} <= {limit}", (edit,))
    left = room(access.value)
    if failure.effect.kind == "call" and failure.slot is not None and left and left > 0:
        size = access.register + 1
        return Patch(f"pass {left} as the size", (insert(failure.slot, f"r{size} = {left}"),))
    return None
