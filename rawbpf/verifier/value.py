"""Parse a verifier log's description of one register or stack slot.

    5.10                                            │ today
    inv5  invP5                                     │ 5  P5           a known number; P: precise
    inv(id=0,umax_value=255,var_off=(0x0; 0xff))    │ scalar(umax=255,var_off=(0x0; 0xff))
    ctx(id=0,off=0,imm=0)                           │ ctx()
    map_value(id=0,off=0,ks=4,vs=8,imm=0)           │ map_value(map=hits,ks=4,vs=8)
    fp-8                                            │ fp-8            a pointer to the stack
    ptr_task_struct(id=0,off=0,imm=0)               │ trusted_ptr_task_struct()

Equal bounds are written only once, as in `smax=umax=0xff`. A signed bound may be written as a
64-bit number in hex: for example, `smin=0xffffffff80000000` is -2147483648. Bounds that do not
limit the value are omitted.

`var_off` is a tristate number (kernel/bpf/tnum.c), which consists of the bits that are known to be
1 and the bits that are unknown. All other bits are known to be 0, so ``value`` and ``mask`` have no
bits in common:

    (0x4; 0xf8)   ..xxxxx100   4, 12, 20 ... 252: at most 252, and 4 more than a multiple of 8
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "S64_MAX",
    "S64_MIN",
    "U64_MAX",
    "UNKNOWN",
    "Tnum",
    "Value",
    "parse_value",
]

S64_MIN, S64_MAX, U64_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1

_NUMBER = re.compile(r"-?(?:0x[0-9a-f]{1,16}|[0-9]{1,20})")
_KNOWN = re.compile(r"P?(?:invP?)?(-?[0-9][0-9a-fx]*)")
_NAMED = re.compile(r"P?((?!P)[A-Za-z_](?:\w*[A-Za-z_])?)(-?[0-9]+)?")
_FIELD = re.compile(r"\b(\w+)=(\([^()]*\)|[^,()=]*)(=?)(?:\([^()]*\))?")
_TNUM = re.compile(r"\((0x[0-9a-f]{1,16}); (0x[0-9a-f]{1,16})\)")
_NAMES_BEFORE_6_0 = {
    "smin_value": "smin", "smax_value": "smax", "umin_value": "umin", "umax_value": "umax",
    "s32_min_value": "smin32", "s32_max_value": "smax32",
    "u32_min_value": "umin32", "u32_max_value": "umax32",
}  # fmt: skip


class Tnum(NamedTuple):
    """A tristate number: ``value`` has the bits known to be 1, and ``mask`` has the unknown bits.

    >>> 12 in Tnum(4, 0xF8), 13 in Tnum(4, 0xF8), Tnum(4, 0xF8).highest
    (True, False, 252)
    """

    value: int
    mask: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and number & U64_MAX & ~self.mask == self.value

    @property
    def lowest(self) -> int:
        """The smallest possible number, with all unknown bits 0."""
        return self.value

    @property
    def highest(self) -> int:
        """The largest possible number, with all unknown bits 1."""
        return self.value | self.mask

    def at_least(self, number: int) -> int | None:
        """Return the smallest possible number that is at least ``number``, or None.

        >>> Tnum(4, 0xF8).at_least(13), Tnum(4, 0xF8).at_least(253)
        (20, None)
        """
        if number <= self.value:
            return self.value
        if number in self:
            return number
        # Keep the upper bits of ``number``, set one of its 0 bits, and make all lower bits as small
        # as possible. Setting the lowest such bit gives the smallest result.
        for place in range(64):
            bit = 1 << place
            upper = (number >> place << place) | bit
            fits = (upper ^ self.value) & ~self.mask & ~(bit - 1) & U64_MAX == 0
            if not number & bit and fits:
                return upper | (self.value & (bit - 1))
        return None


UNKNOWN = Tnum(0, U64_MAX)


class Value(NamedTuple):
    """One value. ``kind`` is "scalar", "ctx", "fp", "map_value_or_null" ..., or "" if not parsed.

    ``number`` is the value of a known scalar, or the offset from the frame pointer for "fp".
    ``fields`` maps field names, as in current kernels, to the texts of the fields in parentheses.
    ``text`` is the value as shown in the log.
    """

    kind: str
    number: int | None
    fields: Mapping[str, str]
    text: str

    def field(self, name: str, default: int = 0) -> int:
        """Return the numeric value of a field."""
        found = _integer(self.fields.get(name, ""))
        return default if found is None else found

    @property
    def is_scalar(self) -> bool:
        """Whether the value is a number, known or unknown, rather than a pointer."""
        return self.kind == "scalar"

    @property
    def maybe_null(self) -> bool:
        """Whether the value is a pointer that may be NULL."""
        return "or_null" in self.kind

    @property
    def tnum(self) -> Tnum:
        """The known bits of a number, or those of a pointer's variable offset."""
        if self.is_scalar and self.number is not None:
            return Tnum(self.number & U64_MAX, 0)
        found = _TNUM.match(self.fields.get("var_off", ""))
        return Tnum(int(found[1], 16), int(found[2], 16)) if found else UNKNOWN

    @property
    def umin(self) -> int:
        """The register's smallest unsigned value."""
        return max(self.field("umin"), self.tnum.lowest, self._signed("smin", S64_MIN))

    @property
    def umax(self) -> int:
        """The register's largest unsigned value."""
        return min(self.field("umax", U64_MAX), self.tnum.highest)

    @property
    def smin(self) -> int:
        """The register's smallest signed value."""
        if self.is_scalar and self.number is not None:
            return _as_signed(self.number)
        known = self._signed("smin", S64_MIN)
        return max(known, self.umin) if self.umax <= S64_MAX else known

    @property
    def smax(self) -> int:
        """The register's largest signed value."""
        if self.is_scalar and self.number is not None:
            return _as_signed(self.number)
        known = self._signed("smax", S64_MAX)
        return min(known, self.umax) if self.umax <= S64_MAX else known

    def _signed(self, name: str, default: int) -> int:
        return _as_signed(self.field(name, default))

    @property
    def off(self) -> int:
        """The known offset of a pointer, which is written as `off=`, or as `imm=` since 7.1."""
        return (self.number or 0) + self.field("off") + self.field("imm")

    @property
    def is_variable(self) -> bool:
        """Whether the value is an unknown number, or a pointer with a variable offset."""
        if self.is_scalar:
            return self.number is None
        return "var_off" in self.fields and self.tnum.mask != 0


def _as_signed(number: int) -> int:
    return number - (1 << 64) if S64_MAX < number <= U64_MAX else number


def _integer(text: str) -> int | None:
    return int(text, 16 if "x" in text else 10) if _NUMBER.fullmatch(text) else None


def parse_value(text: str) -> Value:
    """Parse the text of a value.

    The function never raises an error; text that cannot be parsed has the kind "".

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
    """Map the field names in ``smin=0,smax=umax=0xff,var_off=(0x0; 0xff))`` to their texts."""
    fields: dict[str, str] = {}
    waiting: list[str] = []  # names that share the next value, as in smax=umax=0xff
    rest = inside
    at = 0
    while found := _FIELD.search(rest, at):
        name, value = _NAMES_BEFORE_6_0.get(found[1], found[1]), found[2]
        at = found.end()
        if found[3]:  # smax=umax=...
            at = found.start(2)
            waiting.append(name)
            continue
        fields |= dict.fromkeys((*waiting, name), value)
        waiting.clear()
    return fields
