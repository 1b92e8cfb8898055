"""Diagrams of struct layouts: the offset and size of each member, and unused space.

    struct sk_buff_head: 24 bytes, 1 cache line, 3 members
       offset    size
            0      16  union {...}
            0      16    struct {...}
            0       8      struct sk_buff *next
            8       8      struct sk_buff *prev
            0      16    struct sk_buff_list list
           16       4  __u32 qlen
           20       4  spinlock_t lock
    used 24 bytes

Offsets and sizes are in bytes; for bit-fields they are written ``byte:bit`` and ``:bits``. A *hole*
is unused space before an aligned member, and *padding* is unused space at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf import types as t
from rawbpf.btf.ctext.declare import Budget, declaration
from rawbpf.btf.sizes import bit_span, size_of, strip
from rawbpf.btf.strings import printable
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.btf import Btf

__all__ = ["CACHE_LINE", "draw"]

CACHE_LINE = 64
"""Cache line size in bytes on x86-64 and almost every arm64 machine."""

Composite = t.Struct | t.Union


def draw(btf: Btf, type_id: int, depth: int = 1) -> Iterator[str]:
    r"""Yield the lines of a type's diagram; nested structs are expanded ``depth`` levels deep.

    Anonymous members are always expanded. Raises FormatError if the BTF is damaged.

    >>> from rawbpf.btf.btf import Btf
    >>> from rawbpf.btf.encode import BtfBuilder
    >>> b = BtfBuilder()
    >>> _ = b.add_struct("s", 8, [("a", 2, 0), ("b", 3, 32)]), b.add_int("char", 1)
    >>> _ = b.add_int("int", 4)
    >>> print("\n".join(draw(Btf.from_bytes(b.encode()), 1)))
    struct s: 8 bytes, 1 cache line, 2 members
       offset    size
            0       1  char a
            1       3  (hole)
            4       4  int b
    used 5 bytes, 1 hole of 3 bytes
    """
    definition = strip(btf, type_id)
    record = btf[definition]
    if isinstance(record, Composite):
        yield from _Drawing(btf, depth).outermost(type_id, record)
    elif isinstance(record, t.Enum | t.Enum64):
        yield f"{declaration(btf, type_id)}: {record.size} bytes, {len(record.values)} values"
        for name, value in record.values:
            yield f"  {value:>20}  {printable(name)}"
    else:
        yield declaration(btf, type_id)


class _Drawing:
    """A diagram of one type; all positions are in bits from the start of the outermost struct."""

    def __init__(self, btf: Btf, depth: int) -> None:
        self._btf, self._depth, self._budget = btf, depth, Budget(btf.words)
        self._line = 0
        self._open: list[int] = []

    def outermost(self, type_id: int, record: Composite) -> Iterator[str]:
        lines = -(-record.size // CACHE_LINE)
        yield (
            f"{declaration(self._btf, type_id)}: {_count(record.size, 'byte')}, "
            f"{_count(lines, 'cache line')}, {_count(len(record.members), 'member')}"
        )
        yield f"{'offset':>9} {'size':>7}"
        yield from self._opened(strip(self._btf, type_id), record, 0, self._depth)
        if isinstance(record, t.Struct):
            yield _summary(record, _gaps(self._btf, record))

    def _opened(self, type_id: int, record: Composite, base: int, depth: int) -> Iterator[str]:
        if type_id in self._open:
            raise FormatError("circular BTF", why=f"type {type_id} contains itself")
        nest = len(self._open)
        self._open.append(type_id)
        self._budget.spend(len(record.members), nest)
        yield from self._members(record, base, nest, depth)
        self._open.pop()

    def _members(self, record: Composite, base: int, nest: int, depth: int) -> Iterator[str]:
        gaps = _gaps(self._btf, record) if isinstance(record, t.Struct) else {}
        for index, member in enumerate(record.members):
            if index in gaps:
                yield _row(base + gaps[index].start, gaps[index].bits, nest, "(hole)")
            if not nest:
                yield from self._cache_line(member)
            yield from self._member(member, base, nest, depth)
        last = gaps.get(len(record.members))
        if last is not None:
            yield _row(base + last.start, last.bits, nest, "(padding)")

    def _cache_line(self, member: t.Member) -> Iterator[str]:
        line = member.bit_offset // (8 * CACHE_LINE)
        if line > self._line:
            self._line = line
            yield f"{line * CACHE_LINE:>9} {'':>7}  -- cache line {line} --"

    def _member(self, member: t.Member, base: int, nest: int, depth: int) -> Iterator[str]:
        offset, bits = bit_span(self._btf, member)
        text = declaration(self._btf, member.type_id, member.name, self._budget)
        size = bits or 8 * size_of(self._btf, member.type_id)
        yield _row(base + offset, size, nest, text, bitfield=bool(bits))
        inner_id = strip(self._btf, member.type_id)
        inner = self._btf[inner_id]
        # Members of an anonymous struct belong to the enclosing struct, so the anonymous struct
        # does not count as a level.
        left = depth - 1 if member.name else depth
        if isinstance(inner, Composite) and left > 0:
            yield from self._opened(inner_id, inner, base + offset, left)


class _Gap(NamedTuple):
    start: int
    bits: int


def _gaps(btf: Btf, record: t.Struct) -> dict[int, _Gap]:
    """Return the number of unused bits before each member, keyed by the member's index."""
    gaps, end = {}, 0
    for index, member in enumerate(record.members):
        offset, bits = bit_span(btf, member)
        if offset > end:
            gaps[index] = _Gap(end, offset - end)
        end = max(end, offset + (bits or 8 * size_of(btf, member.type_id)))
    if 8 * record.size > end:
        gaps[len(record.members)] = _Gap(end, 8 * record.size - end)
    return gaps


def _row(offset: int, bits: int, nest: int, text: str, *, bitfield: bool = False) -> str:
    byte, bit = divmod(offset, 8)
    exact = bitfield or bit or bits % 8
    where = f"{byte}:{bit}" if exact else str(byte)
    size = f":{bits}" if exact else str(bits // 8)
    return f"{where:>9} {size:>7}  {'  ' * nest}{text}"


def _summary(record: t.Struct, gaps: dict[int, _Gap]) -> str:
    padding = gaps.get(len(record.members), _Gap(0, 0)).bits
    holes = [gap.bits for index, gap in gaps.items() if index < len(record.members)]
    used = 8 * record.size - padding - sum(holes)
    parts = [f"used {_bytes(used)}"]
    if holes:
        parts.append(f"{_count(len(holes), 'hole')} of {_bytes(sum(holes))}")
    if padding:
        parts.append(f"padding {_bytes(padding)}")
    return ", ".join(parts)


def _bytes(bits: int) -> str:
    whole, rest = divmod(bits, 8)
    if not rest:
        return _count(whole, "byte")
    return f"{_count(whole, 'byte')} {_count(rest, 'bit')}" if whole else _count(rest, "bit")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
