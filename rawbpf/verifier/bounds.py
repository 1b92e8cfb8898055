"""An access to memory of a known size: by an address, and perhaps a number that was added to it.

start of the memory        what was added: umin ... umax                 its end
│ off (known)  ├───────────────────────────────────────────┤ size bytes │
0                                                                        room
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.repairs import added_scalar, leave_unless, room
from rawbpf.verifier.rule import Evidence, Finding
from rawbpf.verifier.words import history, number, range_of

if TYPE_CHECKING:
    import re
    from collections.abc import Collection

    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.value import Value

__all__ = ["Access", "explain_bounds", "repair_bounds"]


_KEPT = 4


class Access(NamedTuple):
    """``size`` bytes through ``register``, whose memory has ``room`` bytes; None: not known."""

    register: int
    size: int
    off: int
    room: int | None
    value: Value | None

    @classmethod
    def of(cls, failure: Failure, match: re.Match[str], kinds: Collection[str] = ()) -> Self | None:
        """The access that a complaint is about; None if it is none, or none to one of ``kinds``."""
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
            off = int(words["off"])  # all of it, for what the register had in it is not known
        known = _size(value)
        given = words.get("room")
        return cls(register, size, off, int(given) if given else known, value)

    @property
    def fixed(self) -> int:
        """What is known to have been added to the address."""
        return self.off + (self.value.off if self.value is not None else 0)


def _register(failure: Failure, named: str | None) -> int | None:
    if named:
        return int(named)
    memory = failure.effect.memory
    return memory.base if memory is not None else None


def _size(value: Value | None) -> int | None:
    """The size of the memory that a value is in."""
    for name in ("vs", "sz", "mem_size"):
        if value is not None and name in value.fields:
            return value.field(name)
    return None


def explain_bounds(failure: Failure, access: Access, memory: str) -> Finding:
    """Say where the access ends, and which number makes it end there. ``memory``: what it is."""
    evidence = list(history(failure, access.register))
    what = "1 byte" if access.size == 1 else f"{access.size} bytes"
    lie = "is not" if access.size == 1 else "are not all"
    has = f", which has {access.room} bytes" if access.room is not None else ""
    scalar = _scalar(failure, access)
    if scalar is None:
        last = access.fixed + access.size
        sentence = f"{what} at offset {access.fixed} {lie} inside {memory}{has}"
        beyond = f"the access begins {-access.fixed} bytes before it" if access.fixed < 0 else ""
        if not beyond and access.room is not None and last > access.room:
            beyond = f"it ends at byte {last}, {last - access.room} too far"
        return Finding(sentence, tuple(evidence), beyond, _shorten(failure, access))
    register, value, slot = scalar
    known = Evidence(f"r{register}, which was added, is {range_of(value)}", slot)
    at = next(one.at for one in failure.origins(access.register) if one.step.slot == slot)
    number_was = history(failure, register, at, _KEPT)
    evidence = [known, *number_was, *history(failure, access.register, most=_KEPT)]
    sentence = f"r{register} was added to the address, and may lead outside of {memory}{has}"
    unsigned = ", unsigned" if value.smin < 0 else ""
    change = f"compare r{register}{unsigned} with its largest value, or mask it, before it is added"
    return Finding(sentence, tuple(evidence), _counter(access, register, value), change)


def _shorten(failure: Failure, access: Access) -> str:
    if failure.effect.kind == "call" and access.room is not None and access.fixed >= 0:
        return f"give a size of at most {max(access.room - access.fixed, 0)}"
    return "access what is inside, or make the memory larger"


def _scalar(failure: Failure, access: Access) -> tuple[int, Value, int] | None:
    """The number that was added: its register, what was known of it, and where it was added."""
    found = added_scalar(failure, access.register)
    if found is None:
        return None
    origin, register = found
    value = failure.value(register, origin.at)
    if value is None or not value.is_scalar or value.number is not None:
        return None
    return register, value, origin.step.slot


def _counter(access: Access, register: int, value: Value) -> str:
    """A number that is allowed, and leads outside."""
    if value.smin < 0 and access.fixed + value.smin < 0:
        return f"r{register} = {number(value.smin)}: the access begins before the memory"
    if access.room is None:
        return ""
    first = access.room - access.fixed - access.size + 1
    bad = value.tnum.at_least(max(first, value.umin))
    if bad is None or bad > value.umax:
        return ""
    end = access.fixed + bad + access.size
    return f"r{register} = {number(bad)}: the access ends at byte {number(end)} of {access.room}"


def repair_bounds(failure: Failure, access: Access) -> Patch | None:
    """Compare the number before it is added, or give a smaller size."""
    scalar = _scalar(failure, access)
    if scalar is not None and access.room is not None:
        register, _, slot = scalar
        limit = access.room - access.fixed - access.size
        if limit < 0:
            return None
        edit = leave_unless(slot, f"r{register} <= {limit}")
        return Patch(f"leave unless r{register} is at most {limit}", (edit,))
    left = room(access.value)
    if failure.effect.kind == "call" and failure.slot is not None and left and left > 0:
        size = access.register + 1
        return Patch(f"give {left} as the size", (insert(failure.slot, f"r{size} = {left}"),))
    return None
