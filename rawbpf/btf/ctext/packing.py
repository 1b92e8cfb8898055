"""Where C would put members, and what to add so that it puts them where BTF says they are.

BTF has offsets and sizes, but neither alignments nor padding nor ``packed``. Natural C places
each member at the next multiple of its alignment; a bitfield goes right after the bits before
it unless it would cross a unit of its type. Three things bring that in line:

- ``packed`` on the struct, when a member is not at a multiple of its alignment (``align_of``
  calls such a struct's alignment 1), after which nothing is placed anywhere but next;
- padding by unnamed bitfields, which change neither alignment nor the list of members;
- for members that overlap, which no C struct can say, the struct as bytes.
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
"""Bits of padding beyond which an array says it in one line."""


class Gap(NamedTuple):
    """Bits that C would not leave free by itself, from ``start`` to ``end``."""

    start: int
    end: int


class Arrangement(NamedTuple):
    """A struct or union as C must write it: members with gaps between, or None for bytes only."""

    packed: bool
    rows: list[t.Member | Gap] | None


def arrange(
    btf: Btf, type_id: int, record: t.Struct | t.Union, known: dict[int, int]
) -> Arrangement:
    """The members of struct ``type_id`` in C; ``known`` is for ``align_of``."""
    packed = align_of(btf, type_id, known) == 1
    walk = _Walk(btf, packed, isinstance(record, t.Union), known)
    for member in record.members:
        if not walk.place(member):
            return Arrangement(packed, None)
    if not walk.finish(record.size):
        return Arrangement(packed, None)
    return Arrangement(packed and walk.align > 1, walk.rows)


class _Walk:
    """Members laid one after the other; positions are in bits."""

    def __init__(self, btf: Btf, packed: bool, union: bool, known: dict[int, int]) -> None:
        self._btf, self._packed, self._union, self._known = btf, packed, union, known
        self._position = self._end = 0
        self.align = 1
        self.rows: list[t.Member | Gap] = []

    def place(self, member: t.Member) -> bool:
        """Add a member, and the gap before it; False when C cannot put it there."""
        size = 8 * size_of(self._btf, member.type_id)
        own = align_of(self._btf, member.type_id, self._known)
        self.align = max(self.align, own)
        offset, bits = bit_span(self._btf, member)
        if bits:
            free = self._after_bitfield(bits, size)
            self._gap(self._position, offset, free)
        else:
            free = _round_up(self._position, 8 if self._packed else 8 * own)
            # Above 8 bytes no unit is as long as the alignment, so the gap begins at its start.
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
        """The gap up to the struct's end; False when it ends before its members do."""
        free = _round_up(self._end, 8 if self._packed else 8 * self.align)
        if free < 8 * size:
            start = 0 if self._union else free if self.align <= 8 else self._end
            self.rows.append(Gap(start, 8 * size))
        return free <= 8 * size


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def padding(gap: Gap, name: str, *, union: bool = False) -> list[str]:
    """A gap's members: unnamed bitfields, or the array ``name`` where they would be many.

    >>> padding(Gap(4, 32), "pad"), padding(Gap(64, 4096), "pad")
    (['char: 4;', 'char: 8;', 'short: 16;'], ['unsigned char pad[504];'])
    """
    lines = []
    at, end = gap
    while at < end:
        if at % 8:
            width = min(end, _round_up(at, 8)) - at
            lines.append(f"char: {width};")
        # In a union each member begins at 0: one must have the whole size.
        elif union or end - at > _LONGEST:
            width = (end - at) // 8 * 8
            lines.append(f"unsigned char {name}[{width // 8}];")
        else:
            width = max((u for u in _UNITS if not at % u and at + u <= end), default=end - at)
            lines.append(f"{_UNITS.get(width, 'char')}: {width};")
        at += width
    return lines
