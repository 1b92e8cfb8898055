"""What the verifier knows of one register or stack slot, as its log writes it.

    5.10                                             today
    inv5  invP5                                      5  P5           a known number; P: precise
    inv(id=0,umax_value=255,var_off=(0x0; 0xff))     scalar(umax=255,var_off=(0x0; 0xff))
    ctx(id=0,off=0,imm=0)                            ctx()
    map_value(id=0,off=0,ks=4,vs=8,imm=0)            map_value(map=hits,ks=4,vs=8)
    fp-8                                             fp-8            an address in the stack
    ptr_task_struct(id=0,off=0,imm=0)                trusted_ptr_task_struct()

Equal bounds are written once, `smax=umax=0xff`. A signed bound may be written as 64 bits in hex:
`smin=0xffffffff80000000` is -2147483648. Bounds that say nothing are left out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.verifier.tnum import UNKNOWN, Tnum

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["S64_MAX", "S64_MIN", "U64_MAX", "Value", "parse_value"]

S64_MIN, S64_MAX, U64_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1

_NUMBER = re.compile(r"-?(?:0x[0-9a-f]{1,16}|[0-9]{1,20})")
_KNOWN = re.compile(r"P?(?:invP?)?(-?[0-9][0-9a-fx]*)")
_NAMED = re.compile(r"P?((?!P)[A-Za-z_]\w*?)(-?[0-9]+)?")
_FIELD = re.compile(r"(\w+)=(\([^()]*\)|[^,()]*)(?:\([^()]*\))?")
_TNUM = re.compile(r"\((0x[0-9a-f]{1,16}); (0x[0-9a-f]{1,16})\)")
_NAMES_BEFORE_6_0 = {
    "smin_value": "smin", "smax_value": "smax", "umin_value": "umin", "umax_value": "umax",
    "s32_min_value": "smin32", "s32_max_value": "smax32",
    "u32_min_value": "umin32", "u32_max_value": "umax32",
}  # fmt: skip


class Value(NamedTuple):
    """``kind``: "scalar", "ctx", "fp", "map_value_or_null" ...; "" for what cannot be read.

    ``number``: of a known scalar, and of "fp" the distance to the frame pointer. ``fields``: what
    stands in parentheses, names as kernels of today write them. ``text``: as it was written.
    """

    kind: str
    number: int | None
    fields: Mapping[str, str]
    text: str

    def field(self, name: str, default: int = 0) -> int:
        """A field as a number."""
        found = _integer(self.fields.get(name, ""))
        return default if found is None else found

    @property
    def is_scalar(self) -> bool:
        """A number, known or not; whatever is no address."""
        return self.kind == "scalar"

    @property
    def maybe_null(self) -> bool:
        """An address, or NULL."""
        return "or_null" in self.kind

    @property
    def tnum(self) -> Tnum:
        """What is known of its bits (of an address: of the part that varies)."""
        if self.is_scalar and self.number is not None:
            return Tnum(self.number & U64_MAX, 0)
        found = _TNUM.match(self.fields.get("var_off", ""))
        return Tnum(int(found[1], 16), int(found[2], 16)) if found else UNKNOWN

    @property
    def umin(self) -> int:
        """Its smallest value, unsigned."""
        return max(self.field("umin"), self.tnum.lowest, self._signed("smin", S64_MIN))

    @property
    def umax(self) -> int:
        """Its largest value, unsigned."""
        return min(self.field("umax", U64_MAX), self.tnum.highest)

    @property
    def smin(self) -> int:
        """Its smallest value, signed."""
        if self.is_scalar and self.number is not None:
            return _as_signed(self.number)
        known = self._signed("smin", S64_MIN)
        return max(known, self.umin) if self.umax <= S64_MAX else known

    @property
    def smax(self) -> int:
        """Its largest value, signed."""
        if self.is_scalar and self.number is not None:
            return _as_signed(self.number)
        known = self._signed("smax", S64_MAX)
        return min(known, self.umax) if self.umax <= S64_MAX else known

    def _signed(self, name: str, default: int) -> int:
        return _as_signed(self.field(name, default))

    @property
    def off(self) -> int:
        """What is known to have been added to an address: `off=`, or from 7.1 on `imm=`."""
        return (self.number or 0) + self.field("off") + self.field("imm")

    @property
    def is_variable(self) -> bool:
        """Whether a number is not known, or something unknown was added to an address."""
        if self.is_scalar:
            return self.number is None
        return "var_off" in self.fields and self.tnum.mask != 0


def _as_signed(number: int) -> int:
    return number - (1 << 64) if S64_MAX < number <= U64_MAX else number


def _integer(text: str) -> int | None:
    return int(text, 16 if "x" in text else 10) if _NUMBER.fullmatch(text) else None


def parse_value(text: str) -> Value:
    """The value that a text describes. Never raises: what is not understood has the kind "".

    >>> parse_value("scalar(smin=0,smax=umax=255,var_off=(0x0; 0xff))").umax
    255
    >>> parse_value("inv(id=0,smin_value=-8,smax_value=255)").smin
    -8
    >>> parse_value("map_value_or_null(id=1,map=hits,ks=4,vs=8)").fields["map"]
    'hits'
    >>> parse_value("P5").number, parse_value("invP5").number, parse_value("fp-8").number
    (5, 5, -8)
    """
    head, parenthesis, inside = text.partition("(")
    known = _KNOWN.fullmatch(head)
    if known and not parenthesis:
        number = _integer(known[1])
        kind = "" if number is None else "scalar"
        return Value(kind, number, {}, text)
    named = _NAMED.fullmatch(head)
    if named is None:
        return Value("", None, {}, text)
    kind = named[1]
    if kind in ("inv", "invP"):  # until 5.18
        kind = "scalar"
    elif named[2] and kind != "fp":
        kind += named[2]
    number = _integer(named[2]) if named[2] and kind == "fp" else None
    return Value(kind, number, _fields(inside), text)


def _fields(inside: str) -> dict[str, str]:
    """``smin=0,smax=umax=0xff,var_off=(0x0; 0xff))`` -> each name with its text."""
    fields: dict[str, str] = {}
    waiting: list[str] = []  # names that share the next value: smax=umax=0xff
    rest = inside
    at = 0
    while found := _FIELD.search(rest, at):
        name, value = _NAMES_BEFORE_6_0.get(found[1], found[1]), found[2]
        at = found.end()
        if "=" in value:  # smax=umax=...
            at = found.start(2)
            waiting.append(name)
            continue
        fields |= dict.fromkeys((*waiting, name), value)
        waiting.clear()
    return fields
