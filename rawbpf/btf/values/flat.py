"""Flatten a type into numbers and strings, to read the members of many values in bulk.

>>> from rawbpf.btf.values.scalars import Number, Text
>>> from rawbpf.btf.values.composites import Field, Fields, Items
>>> u32 = Number(4, "little", signed=False)
>>> port = Fields(8, [Field("ports", 0, Items(u32, 2))])
>>> event = Fields(24, [Field("pid", 0, u32), Field("addr", 4, port), Field("comm", 12, Text(8))])
>>> for leaf in leaves(event):
...     print(leaf.name, leaf.offset, leaf.codec.code)
pid 0 I
addr.ports[0] 4 I
addr.ports[1] 8 I
comm 12 8s
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.btf.values.composites import Field, Fields, Items

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.values.scalars import Codec

__all__ = ["MOST_LEAVES", "Leaf", "is_flat", "leaves", "members"]

MOST_LEAVES = 256
"""The number of numbers and texts above which a type is read one value at a time."""


class Leaf(NamedTuple):
    """A number or text inside a value, and its path, such as ``addr.ports[1]``."""

    name: str
    offset: int
    codec: Codec


def is_flat(codec: Codec) -> bool:
    """Return whether all leaves can be read as columns and no member hides another one.

    Bit-fields and numbers of 16 bytes cannot be read as columns.
    """
    found = list(islice(leaves(codec), MOST_LEAVES + 1))
    return len(found) <= MOST_LEAVES and all(leaf.codec.code for leaf in found) and _distinct(codec)


def leaves(codec: Codec, name: str = "", at: int = 0) -> Iterator[Leaf]:
    """Yield the leaves in display order."""
    if isinstance(codec, Fields):
        for member, offset, inner in members(codec):
            yield from leaves(inner, f"{name}.{member}" if name else member, at + offset)
    elif isinstance(codec, Items):
        for index in range(codec.length if codec.item.size else 0):
            yield from leaves(codec.item, f"{name}[{index}]", at + index * codec.item.size)
    else:
        yield Leaf(name, at, codec)


def members(codec: Fields, at: int = 0) -> Iterator[Field]:
    """Yield the named members. Members of unnamed structs and unions are included."""
    for name, offset, inner in codec.fields:
        if name:
            yield Field(name, at + offset, inner)
        elif isinstance(inner, Fields):
            yield from members(inner, at + offset)


def _distinct(codec: Codec) -> bool:
    """Return whether the members of each struct have distinct names."""
    if isinstance(codec, Items):
        return _distinct(codec.item)
    if not isinstance(codec, Fields):
        return True
    found = list(members(codec))
    distinct = len({field.name for field in found}) == len(found)
    return distinct and all(_distinct(field.codec) for field in found)
