"""Codecs for arrays, structs, unions and sections, which contain other codecs."""

# ruff: noqa: D102 -- get and put are described by Codec
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rawbpf.btf.values.scalars import Codec, reject
from rawbpf.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Field", "Fields", "Items"]


class Items(Codec):
    """Converts an array to and from a list. Missing items are encoded as zeros."""

    def __init__(self, item: Codec, length: int) -> None:
        self.item, self.length = item, length
        self.size = item.size * length

    def get(self, data: bytes, at: int) -> list[Any]:
        item = self.item
        # Elements of size zero have no values, no matter how many elements the array has.
        ends = range(at, at + self.size, item.size) if item.size else ()
        return [item.get(data, place) for place in ends]

    def put(self, buffer: bytearray, at: int, value: Any, path: str) -> None:  # noqa: ANN401
        if isinstance(value, str | bytes | dict) or not hasattr(value, "__len__"):
            reject(path, value, f"a list of at most {self.length} items")
        if len(value) > self.length:
            reject(path, value, f"at most {self.length} items")
        for index, one in enumerate(value):
            self.item.put(buffer, at + index * self.item.size, one, f"{path}[{index}]")


class Field(NamedTuple):
    """A member. Members of an unnamed struct or union belong to the enclosing type."""

    name: str
    offset: int
    codec: Codec


class Fields(Codec):
    """Converts a struct, union or section to and from a dict.

    Missing members are encoded as zeros, as in C.

    The codec also accepts an object whose attributes are named like the members (such as a
    dataclass), and bytes of the right length.
    """

    def __init__(self, size: int, fields: list[Field]) -> None:
        self.size, self.fields = size, fields
        self.places = _places(fields)

    def get(self, data: bytes, at: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, offset, codec in self.fields:
            value = codec.get(data, at + offset)
            if name:
                values[name] = value
            elif isinstance(value, dict):
                values |= value
        return values

    def put(self, buffer: bytearray, at: int, value: Any, path: str) -> None:  # noqa: ANN401
        if isinstance(value, bytes | bytearray):
            if len(value) != self.size:
                reject(path, value, f"{self.size} bytes, or a dict")
            buffer[at : at + self.size] = value
            return
        given = value if isinstance(value, dict) else self._attributes(value, path)
        for name, one in given.items():
            place = self.places.get(name)
            if place is None:
                raise self._unknown(name, path)
            inner = f"{path}.{name}" if path else name
            place.codec.put(buffer, at + place.offset, one, inner)

    def _attributes(self, value: object, path: str) -> Mapping[str, Any]:
        found = {name: getattr(value, name) for name in self.places if hasattr(value, name)}
        if not found:
            reject(path, value, "a dict, or an object with the members as attributes")
        return found

    def _unknown(self, name: object, path: str) -> UsageError:
        what = f"{path or 'the type'} has no member {name!r}"
        return UsageError(what, fix=did_you_mean(str(name), self.places))


def _places(fields: list[Field]) -> dict[str, Field]:
    """Return all fields by name, including fields of unnamed members.

    Offsets are relative to the outermost type.
    """
    places: dict[str, Field] = {}
    for field in fields:
        if field.name:
            places[field.name] = field
        elif isinstance(field.codec, Fields):
            for name, inner in field.codec.places.items():
                places[name] = inner._replace(offset=field.offset + inner.offset)
    return places
