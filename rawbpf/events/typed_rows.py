"""Decode batches of records of a struct type, reading all values of a member at once.

A struct is read as columns if it consists of numbers, texts, and arrays and structs of them.
Records of other structs, and records shorter than the struct, are decoded one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf.values.scalars import Bool
from rawbpf.events.layout import Field, Layout
from rawbpf.events.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from rawbpf.btf.values.flat import Leaf
    from rawbpf.events.typed import EventType
    from rawbpf.ring.batch import Batch

__all__ = ["BytesRows", "TypedRows"]


class TypedRows(Rows[dict[str, Any]]):
    """Records of the same size, decoded as one struct type.

    The fields are the struct's numbers and texts, named after their paths, such as
    ``addr.ports[1]``. The members of a union share their bytes, so only the first member is a
    field.
    """

    __slots__ = ("kind",)

    def __init__(self, batch: Batch, kind: EventType) -> None:
        super().__init__(batch, kind.layout(batch.size))
        self.kind = kind

    def part(self, first: int, end: int) -> Self:
        """Return records ``first`` up to but not including ``end``, without copying."""
        return type(self)(self.batch.part(first, end), self.kind)

    @property
    def columns(self) -> tuple[Leaf, ...] | None:
        """The leaves of the struct, or None if the records have to be decoded one by one."""
        return self.kind.leaves if self.batch.size >= self.kind.size else None

    def values(self, leaf: Leaf, batch: Batch) -> list[Any]:
        """Return the undecoded bytes of a text or number in each record."""
        if leaf.codec.code.endswith("s"):
            return batch.slices(leaf.offset, leaf.codec.size)
        if isinstance(leaf.codec, Bool):  # any byte other than 0 also means true
            return [value != 0 for value in batch.column(leaf.offset, "B")]
        return batch.column(leaf.offset, leaf.codec.code).tolist()

    def _records(self, batch: Batch) -> Iterator[dict[str, Any]]:
        columns = self.columns
        names = [leaf.name for leaf in columns or ()]
        if columns is None or any("." in name or "[" in name for name in names):
            yield from map(self.kind.decode, batch.records())
            return
        values = [_decoded(leaf, self.values(leaf, batch)) for leaf in columns]
        for row in zip(*values, strict=True):
            yield dict(zip(names, row, strict=True))


class BytesRows(Rows[bytes]):
    """Records of the same size and unknown type."""

    def __init__(self, batch: Batch) -> None:
        fields = [Field("data", 0, f"{batch.size}s")] if batch.size else []
        super().__init__(batch, Layout(batch.size, fields))

    def part(self, first: int, end: int) -> Self:
        """Return records ``first`` up to but not including ``end``, without copying."""
        return type(self)(self.batch.part(first, end))

    def _records(self, batch: Batch) -> Iterator[bytes]:
        return iter(batch.records())


def _decoded(leaf: Leaf, values: list[Any]) -> list[Any]:
    return values if leaf.codec.as_is else list(map(leaf.codec.of, values))
