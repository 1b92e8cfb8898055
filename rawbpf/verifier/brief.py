"""A value of the verifier's in few letters, the same for logs of all kernels.

    inv(id=0,umax_value=255,var_off=(0x0; 0xff))     0..255
    scalar(smin=0,smax=umax=255,var_off=(0x0; 0xf8)) 0..248 of 0xf8
    map_value(off=4,ks=4,vs=8,imm=0)                 map_value(vs=8)+4
    pkt(id=0,off=14,r=14,imm=0)                      pkt(r=14)+14

What differs between two kernels is then what they know, and not how they write it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.state import LETTERS
from rawbpf.verifier.value import S64_MAX, S64_MIN, U64_MAX, parse_value

if TYPE_CHECKING:
    from rawbpf.verifier.value import Value

__all__ = ["brief"]

_KEPT = ("map", "vs", "sz", "mem_size", "r")
_RENAMED = {"alloc_mem": "ringbuf_mem"}  # 6.2


def brief(text: str) -> str:
    """The value in few letters; what cannot be read stays as it is.

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
    """Which bits may be set, and which are."""
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
