"""Describe a register's value and origin in words.

``brief`` abbreviates a value so that the result does not depend on the kernel's log format. The
values from two kernels then differ only if the kernels know different facts, not because of their
log formats:

    inv(id=0,umax_value=255,var_off=(0x0; 0xff))     0..255
    scalar(smin=0,smax=umax=255,var_off=(0x0; 0xf8)) 0..248 of 0xf8
    map_value(off=4,ks=4,vs=8,imm=0)                 map_value(vs=8)+4
    pkt(id=0,off=14,r=14,imm=0)                      pkt(r=14)+14
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence
from rawbpf.verifier.state import LETTERS
from rawbpf.verifier.value import S64_MAX, S64_MIN, U64_MAX, parse_value

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.origins import Origin
    from rawbpf.verifier.value import Value

__all__ = [
    "brief",
    "can_be",
    "history",
    "is_a",
    "kind_words",
    "memory_of",
    "number",
    "range_of",
    "way",
]

_FP = 10
_KEPT = ("map", "vs", "sz", "mem_size", "r")
_RENAMED = {"alloc_mem": "ringbuf_mem"}  # 6.2
_LOOK_BACK = 200
_KINDS = {
    "scalar": "a scalar", "inv": "a scalar",
    "ctx": "a pointer to the context", "fp": "a pointer to the stack",
    "map_ptr": "a pointer to a map", "map_value": "a pointer to a map value",
    "map_key": "a pointer to a map key",
    "pkt": "a pointer into the packet", "pkt_end": "the packet's end pointer",
    "pkt_meta": "a pointer to packet metadata",
    "mem": "a pointer to memory", "buf": "a pointer to a buffer",
    "alloc_mem": "a pointer to a ring buffer record",
    "ringbuf_mem": "a pointer to a ring buffer record",
    "sock": "a pointer to a socket", "sock_common": "a pointer to a socket",
    "tcp_sock": "a pointer to a TCP socket", "xdp_sock": "a pointer to an XDP socket",
    "func": "a pointer to a function",
}  # fmt: skip
"""The verifier's register types in plain words.

Pointers to kernel structures have the type ptr_NAME.
"""

_FLAGS = re.compile(r"^(?:(?:rdonly|rdwr|untrusted|trusted|rcu|percpu|user)_)*")


def kind_words(kind: str) -> str:
    """Describe a verifier register type in plain words.

    >>> kind_words("map_value_or_null"), kind_words("trusted_ptr_task_struct")
    ('a pointer to a map value or NULL', 'a pointer to struct task_struct')
    """
    null = " or NULL" if "_or_null" in kind else ""
    bare = _bare(kind)
    if bare.startswith("ptr_"):
        name = bare.removeprefix("ptr_")
        return (f"a pointer to struct {name}" if name else "a pointer to a kernel structure") + null
    return _KINDS.get(bare, bare) + null


def memory_of(kind: str) -> str:
    """Describe the memory that a pointer of this type refers to.

    >>> memory_of("map_value"), memory_of("rdonly_buf"), memory_of("mem")
    ('the map value', 'the buffer', 'this memory')
    """
    words = kind_words(kind).removesuffix(" or NULL")
    words = words.removeprefix("a pointer to ").removeprefix("a pointer into ")
    if words in ("memory", _bare(kind)):
        return "this memory"
    return re.sub("^an? ", "the ", words)


def _bare(kind: str) -> str:
    """Return a register type without its flags."""
    return _FLAGS.sub("", kind.replace("_or_null", ""), count=1)


def range_of(value: Value) -> str:
    """Describe the range of a scalar in words.

    >>> from rawbpf.verifier.value import parse_value
    >>> range_of(parse_value("scalar(umax=255)")), range_of(parse_value("scalar()"))
    ('between 0 and 255', 'any number')
    """
    if value.is_scalar and value.number is not None:
        return str(value.number)
    if (value.smin, value.smax) == (S64_MIN, S64_MAX) and (value.umin, value.umax) == (0, U64_MAX):
        return "any number"
    if value.smin >= 0 or value.umax < U64_MAX:
        return f"between {number(value.umin)} and {number(value.umax)}"
    return f"between {number(value.smin)} and {number(value.smax)}"


def can_be(value: Value | None) -> str:
    """Return a predicate that describes a scalar, for use in a sentence.

    >>> from rawbpf.verifier.value import parse_value
    >>> can_be(parse_value("scalar(umax=255)")), can_be(parse_value("7")), can_be(None)
    ('is between 0 and 255', 'is 7', 'can be any number')
    """
    bounds = range_of(value) if value is not None else "any number"
    return f"can be {bounds}" if bounds == "any number" else f"is {bounds}"


def number(value: int) -> str:
    """Format a number, in decimal if it is small and in hex if it is large."""
    return str(value) if -65536 < value < 65536 else hex(value)


def is_a(register: int, value: Value | None) -> str:
    """Describe the value of a register, including the verifier's own term for it.

    >>> from rawbpf.verifier.value import parse_value
    >>> is_a(4, parse_value("scalar(umax=255)")), is_a(2, parse_value("fp-8"))
    ('r4 is a scalar between 0 and 255', 'r2 is a pointer to the stack (fp)')
    """
    if value is None:
        return f"r{register}"
    if value.is_scalar and value.number is not None:
        return f"r{register} is the constant {value.number}"
    if value.is_scalar:
        bounds = range_of(value)
        return f"r{register} is a scalar " + (
            "without bounds" if bounds == "any number" else bounds
        )
    words = kind_words(value.kind)
    return f"r{register} is {words}" + (f" ({value.kind})" if words != value.kind else "")


def history(failure: Failure, register: int, at: int = 0, most: int = 6) -> tuple[Evidence, ...]:
    """Return the instructions that led to a register's value, latest first.

    If there are more than ``most`` instructions, only the latest ones and the oldest one are
    returned.
    """
    found = failure.origins(register, at)
    if len(found) > most:
        found = [*found[: most - 1], found[-1]]
    return tuple(Evidence(_origin(one), one.step.slot) for one in found)


def _origin(one: Origin) -> str:
    effect = one.effect
    if effect.kind == "call":
        name = effect.name or "the function"
        if one.place == "r0":
            return f"r0 is the return value of {name}"
        return f"the call to {name} clobbered {one.place}: only r6 to r9 survive a call"
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
    """Return the branches taken on the rejected path, latest first; other paths may be valid."""
    found: list[Evidence] = []
    for later, earlier in pairwise(failure.path[:_LOOK_BACK]):
        if earlier.text.startswith("if ") and len(found) < most:
            does = "does not take" if later.slot == earlier.slot + 1 else "takes"
            found.append(Evidence(f"this path {does} the branch: {earlier.text}", earlier.slot))
    return tuple(found)


def brief(text: str) -> str:
    """Return the abbreviated value, or the value itself if it cannot be parsed.

    >>> brief("inv(id=0,umax_value=255,var_off=(0x0; 0xff))"), brief("scalar()"), brief("P5")
    ('0..255', 'any', '5')
    >>> brief("pkt(id=0,off=14,r=14,imm=0)"), brief("fp-8"), brief("0000????")
    ('pkt(r=14)+14', 'fp-8', '0000????')
    """
    if LETTERS.fullmatch(text):
        return text
    value = parse_value(text)
    if not value.kind:
        return text
    return _number(value) if value.is_scalar else _address(value)


def _number(value: Value) -> str:
    if value.number is not None:
        return _short(value.number)
    if value.smin >= 0 or value.umax < U64_MAX:
        span = f"{_short(value.umin)}..{_short(value.umax)}"
    elif (value.smin, value.smax) != (S64_MIN, S64_MAX):
        span = f"{_short(value.smin)}..{_short(value.smax)}"
    else:
        span = "any"
    bits = value.tnum
    top = 1 << bits.mask.bit_length()
    return span if not bits.value and bits.mask in (top - 1, 0) else f"{span} of {_bits(value)}"


def _bits(value: Value) -> str:
    """Return the bits that may be set, preceded by the bits that are certainly set."""
    known = f"{value.tnum.value:#x}+" if value.tnum.value else ""
    return f"{known}{value.tnum.mask:#x}"


def _address(value: Value) -> str:
    if value.kind == "fp" and not value.is_variable:
        return f"fp{value.off:+d}" if value.off else "fp"
    fields = ",".join(f"{name}={value.fields[name]}" for name in _KEPT if name in value.fields)
    off = f"{value.off:+d}" if value.off else ""
    varies = f"+({_span(value)})" if value.is_variable else ""
    return f"{_RENAMED.get(value.kind, value.kind)}{f'({fields})' if fields else ''}{off}{varies}"


def _span(value: Value) -> str:
    return f"{_short(value.smin)}..{_short(value.smax)}"


def _short(number: int) -> str:
    if -65536 < number < 65536:
        return str(number)
    limits = {S64_MIN: "min", S64_MAX: "max", U64_MAX: "umax"}
    return limits.get(number, hex(number))
