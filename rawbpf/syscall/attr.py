"""An attr: a structure, the buffers it points to, and the part of it that a call uses.

Two rules need a class:

- The kernel fails with E2BIG if fields that it does not know are not 0, so the size that is passed
  ends with the last field that the command uses.
- The attr contains addresses, and an address does not keep a Python object alive. The attr
  therefore holds all buffers until the call has returned.

>>> from rawbpf.uapi.bpf_attr import BpfAttrMapCreate
>>> attr = Attr(BpfAttrMapCreate(map_type=2, key_size=4, value_size=8, max_entries=1))
>>> attr.ends_at("map_flags").size
20
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Generic, Self, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Attr", "Buffer", "buffer"]

S = TypeVar("S", bound=ctypes.Structure)

Buffer: TypeAlias = "ctypes.Array[ctypes.c_char]"
"""Memory that the kernel can write to. ``.value`` is its contents up to the first zero byte."""


def buffer(size: int) -> Buffer:
    """Return a buffer of ``size`` zero bytes."""
    return ctypes.create_string_buffer(size)


class Attr(Generic[S]):
    """A structure and the buffers that it points to."""

    __slots__ = ("_kept", "size", "struct")

    def __init__(self, struct: S) -> None:
        self.struct = struct
        self.size = ctypes.sizeof(struct)
        self._kept: list[object] = []

    def ends_at(self, field: str) -> Self:
        """Set the size to the end of ``field``, or of the last field that is not 0."""
        used = getattr(type(self.struct), field)
        end = used.offset + used.size
        raw = bytes(self.struct)
        self.size = max(end, _last_used(type(self.struct), raw))
        return self

    def point(self, field: str, data: bytes | Buffer) -> Self:
        """Set ``field`` to the address of ``data``, and keep ``data`` alive."""
        kept = ctypes.create_string_buffer(data, len(data)) if isinstance(data, bytes) else data
        setattr(self.struct, field, ctypes.addressof(kept))
        self._kept.append(kept)
        return self

    def changed(self, fields: Mapping[str, int | bytes]) -> Attr[S]:
        """Return a copy with other values. Bytes become buffers. All buffers are kept alive."""
        copy = Attr(type(self.struct).from_buffer_copy(self.struct))
        copy._kept = list(self._kept)
        for field, value in fields.items():
            if isinstance(value, bytes):
                copy.point(field, value)
            else:
                setattr(copy.struct, field, value)
        copy.size = max(self.size, _last_used(type(copy.struct), bytes(copy.struct)))
        return copy

    @property
    def address(self) -> int:
        """The address of the structure, valid as long as this object."""
        return ctypes.addressof(self.struct)


def _last_used(kind: type[ctypes.Structure], raw: bytes) -> int:
    """Return the end of the last field that is not 0."""
    end = 0
    for entry in kind._fields_:
        field = getattr(kind, entry[0])
        if any(raw[field.offset : field.offset + field.size]):
            end = field.offset + field.size
    return end
