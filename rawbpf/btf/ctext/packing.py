"""Find the padding and attributes that make C place members at their offsets in BTF.

BTF records offsets and sizes, but neither alignment nor padding nor the ``packed`` attribute. C
places each member at the next multiple of its alignment; a bit-field directly follows the preceding
bits unless it would cross the boundary of a unit of its type. Three corrections make the C layout
match the BTF offsets:

- ``packed`` on the struct if a member is not at a multiple of its alignment (``align_of`` returns 1
  for such a struct); members are then adjacent;
- padding by unnamed bitfields, which change neither the alignment nor the list of members;
- the struct as an array of bytes if members overlap, which C cannot express.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.sizes import align_of, bit_span, size_of

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf

__all__ = ["Arrangement", "Gap", "arrange", "padding"]

_UNITS = {64: "long", 32: "int", 16: "short", 8: "char"}
_LONGEST = 8 * 64
"""The number of padding bits above which an array is used instead of bit-fields."""


class Gap(NamedTuple):
    """A gap, from bit ``start`` up to bit ``end``, that requires explicit padding in C."""

    start: int
    end: int


class Arrangement(NamedTuple):
    """The members and gaps of a struct or union; None if it has to become an array of bytes."""

    packed: bool
    rows: list[t.Member | Gap] | None


def arrange(
    btf: Btf, type_id: int, record: t.Struct | t.Union, known: dict[int, int]
) -> Arrangement:
    """Lay out the members of struct ``type_id``; ``known`` is passed on to ``align_of``."""
    packed = align_of(btf, type_id, known) == 1
    walk = _Walk(btf, packed, isinstance(record, t.Union), known)
    for member in record.members:
        if not walk.place(member):
            return Arrangement(packed, None)
    if not walk.finish(record.size):
        return Arrangement(packed, None)
    return Arrangement(packed and walk.align > 1, walk.rows)


class _Walk:
    """Places members one after the other, with positions in bits."""

    def __init__(self, btf: Btf, packed: bool, union: bool, known: dict[int, int]) -> None:
        self._btf, self._packed, self._union, self._known = btf, packed, union, known
        self._position = self._end = 0
        self.align = 1
        self.rows: list[t.Member | Gap] = []

    def place(self, member: t.Member) -> bool:
        """Add a member and the gap before it.

        Return False if C cannot place the member at its offset.
        """
        size = 8 * size_of(self._btf, member.type_id)
        own = align_of(self._btf, member.type_id, self._known)
        self.align = max(self.align, own)
        offset, bits = bit_span(self._btf, member)
        if bits:
            free = self._after_bitfield(bits, size)
            self._gap(self._position, offset, free)
        else:
            free = _round_up(self._position, 8 if self._packed else 8 * own)
            # For alignments above 8 bytes, no integer type is long enough, so the gap starts
            # immediately.
            self._gap(free if own <= 8 else self._position, offset, free)
        if free > offset or (self._union and offset):
            return False
        self.rows.append(member)
        self._end = max(self._end, offset + (bits or size))
        self._position = 0 if self._union else offset + (bits or size)
        return True

    def _after_bitfield(self, bits: int, unit: int) -> int:
        at = self._position
        if not self._packed and unit and at % unit + bits > unit:
            return _round_up(at, unit)
        return at

    def _gap(self, start: int, end: int, free: int) -> None:
        if free < end:
            self.rows.append(Gap(start, end))

    def finish(self, size: int) -> bool:
        """Add the gap at the end; return False if the struct is smaller than its members."""
        free = _round_up(self._end, 8 if self._packed else 8 * self.align)
        if free < 8 * size:
            start = 0 if self._union else free if self.align <= 8 else self._end
            self.rows.append(Gap(start, 8 * size))
        return free <= 8 * size


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def padding(gap: Gap, name: str, *, union: bool = False) -> list[str]:
    """Return the members that fill a gap, which are unnamed bit-fields, or an array for a long gap.

    >>> padding(Gap(4, 32), "pad"), padding(Gap(64, 4096), "pad")
    (['char: 4;', 'char: 8;', 'short: 16;'], ['unsigned char pad[504];'])
    """
    lines = []
    at, end = gap
    while at < end:
        if at % 8:
            width = min(end, _round_up(at, 8)) - at
            lines.append(f"char: {width};")
        # All members of a union start at offset 0, so one of the members must span the full size.
        elif union or end - at > _LONGEST:
            width = (end - at) // 8 * 8
            lines.append(f"unsigned char {name}[{width // 8}];")
        else:
            width = max((u for u in _UNITS if not at % u and at + u <= end), default=end - at)
            lines.append(f"{_UNITS.get(width, 'char')}: {width};")
        at += width
    return lines
