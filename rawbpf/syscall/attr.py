"""An attr: a structure, the buffers it points to, and how much of it the call uses.

Two rules make this a class of its own:

- The kernel refuses an attr that is longer than it knows unless the rest is zero (E2BIG), so the
  size that we pass ends at the last field that the command uses.
- The attr holds addresses, and an address keeps nothing alive. Python may free a bytes object while
  the kernel reads it; so whatever makes the attr holds every buffer until the call has returned.

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
"""Memory that the kernel can write to; ``.value`` is what is in it, up to the first zero byte."""


def buffer(size: int) -> Buffer:
    """Return a buffer of ``size`` zero bytes."""
    return ctypes.create_string_buffer(size)


class Attr(Generic[S]):
    """Owns ``struct`` and the buffers that were pointed at through it."""

    __slots__ = ("_kept", "size", "struct")

    def __init__(self, struct: S) -> None:
        self.struct = struct
        self.size = ctypes.sizeof(struct)
        self._kept: list[object] = []

    def ends_at(self, field: str) -> Self:
        """Let the size end with ``field``, unless a later field is set."""
        used = getattr(type(self.struct), field)
        end = used.offset + used.size
        raw = bytes(self.struct)
        self.size = max(end, _last_used(type(self.struct), raw))
        return self

    def point(self, field: str, data: bytes | Buffer) -> Self:
        """Set ``field`` to the address of ``data``, and keep ``data``."""
        kept = ctypes.create_string_buffer(data, len(data)) if isinstance(data, bytes) else data
        setattr(self.struct, field, ctypes.addressof(kept))
        self._kept.append(kept)
        return self

    def changed(self, fields: Mapping[str, int | bytes]) -> Attr[S]:
        """The same with other values; bytes are pointed at. What it holds is held here, too."""
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
        """Where the structure lies; valid as long as this object."""
        return ctypes.addressof(self.struct)


def _last_used(kind: type[ctypes.Structure], raw: bytes) -> int:
    """The end of the last field that holds a bit."""
    end = 0
    for entry in kind._fields_:
        field = getattr(kind, entry[0])
        if any(raw[field.offset : field.offset + field.size]):
            end = field.offset + field.size
    return end
