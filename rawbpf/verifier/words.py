"""Words that rules share: a value, and where it is from, for people."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence
from rawbpf.verifier.value import S64_MAX, S64_MIN, U64_MAX

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.trace import Origin
    from rawbpf.verifier.value import Value

__all__ = ["history", "is_a", "kind_words", "number", "range_of", "way"]

_FP = 10
_LOOK_BACK = 200
_KINDS = {
    "scalar": "a number", "ctx": "the context", "fp": "an address in the stack",
    "map_ptr": "a map", "map_value": "a map's value", "map_key": "a map's key",
    "pkt": "an address in the packet", "pkt_end": "the end of the packet",
    "pkt_meta": "an address in the packet's metadata", "mem": "memory",
    "alloc_mem": "a ring buffer record", "ringbuf_mem": "a ring buffer record", "sock": "a socket",
    "sock_common": "a socket", "tcp_sock": "a TCP socket", "xdp_sock": "an XDP socket",
    "inv": "a number", "buf": "a buffer",
    "func": "a function",
}  # fmt: skip
"""The verifier's words for types, in ours. A type of the kernel is ptr_NAME."""

_FLAGS = re.compile(r"^(?:(?:rdonly|rdwr|untrusted|trusted|rcu|percpu|user)_)*")


def kind_words(kind: str) -> str:
    """A type of the verifier's, for people.

    >>> kind_words("map_value_or_null"), kind_words("trusted_ptr_task_struct")
    ("a map's value or NULL", 'a pointer to struct task_struct')
    """
    bare = kind.replace("_or_null", "")
    null = " or NULL" if bare != kind else ""
    bare = _FLAGS.sub("", bare, count=1)
    if bare.startswith("ptr_"):
        name = bare.removeprefix("ptr_")
        return (f"a pointer to struct {name}" if name else "a pointer to a kernel structure") + null
    return _KINDS.get(bare, bare) + null


def range_of(value: Value) -> str:
    """The numbers that a scalar may be.

    >>> from rawbpf.verifier.value import parse_value
    >>> range_of(parse_value("scalar(umax=255)")), range_of(parse_value("scalar()"))
    ('0 to 255', 'any number')
    """
    if value.is_scalar and value.number is not None:
        return str(value.number)
    if (value.smin, value.smax) == (S64_MIN, S64_MAX) and (value.umin, value.umax) == (0, U64_MAX):
        return "any number"
    if value.smin >= 0 or value.umax < U64_MAX:
        return f"{number(value.umin)} to {number(value.umax)}"
    return f"{number(value.smin)} to {number(value.smax)}"


def number(value: int) -> str:
    """Small ones in decimal, large ones in hex."""
    return str(value) if -65536 < value < 65536 else hex(value)


def is_a(register: int, value: Value | None) -> str:
    """The verifier's word first, so that it is found in the log: "r0 is map_value_or_null, ..."."""
    if value is None:
        return f"r{register}"
    if value.is_scalar:
        return f"r{register} is a number: {range_of(value)}"
    return f"r{register} is {value.kind}, {kind_words(value.kind)}"


def history(failure: Failure, register: int, at: int = 0, most: int = 6) -> tuple[Evidence, ...]:
    """How a register came to be what it is, the latest first; long ones lose their middle."""
    found = failure.origins(register, at)
    if len(found) > most:
        found = [*found[: most - 1], found[-1]]
    return tuple(Evidence(_origin(one), one.step.slot) for one in found)


def _origin(one: Origin) -> str:
    effect = one.effect
    if effect.kind == "call":
        name = effect.name or "the function"
        if one.place == "r0":
            return f"r0 is what {name} returned"
        return f"{one.place} was destroyed by the call of {name}: calls keep r6 to r9 only"
    if effect.kind == "constant":
        return f"{one.place} was set to {effect.name}"
    if effect.kind == "move":
        return f"{one.place} is a copy of r{effect.src}"
    if effect.kind == "if":
        return f"{one.place} was compared: {one.step.text}"
    if effect.kind == "store" and effect.src is not None:
        return f"r{effect.src} was stored at {one.place}"
    if effect.kind == "load" and effect.memory is not None and effect.memory.base == _FP:
        return f"{one.place} was loaded from fp{effect.memory.off:+d}"
    return one.step.text


def way(failure: Failure, most: int = 2) -> tuple[Evidence, ...]:
    """The branches that the way here takes, the last first: other ways may be fine."""
    found: list[Evidence] = []
    for later, earlier in pairwise(failure.path[:_LOOK_BACK]):
        if earlier.text.startswith("if ") and len(found) < most:
            does = "does not jump" if later.slot == earlier.slot + 1 else "jumps"
            found.append(Evidence(f"this path {does} here: {earlier.text}", earlier.slot))
    return tuple(found)
