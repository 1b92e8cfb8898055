"""The header of a BTF blob, and the locations of its sections.

The magic number indicates the byte order; in a big-endian object, all of the BTF is big-endian.
Section offsets are relative to the end of the header. ``hdr_len`` may exceed the known size,
because newer headers only append fields. Linux 7.1 added one offset-length pair, for the layout
section (see ``rawbpf.uapi.btf``).
"""

from __future__ import annotations

import struct
import sys
from array import array
from typing import NamedTuple

from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_HEADER, BTF_LAYOUT, BTF_MAGIC, BTF_VERSION

__all__ = [
    "Header",
    "byte_order",
    "decode_header",
    "encode_header",
    "layout_of_kinds",
    "type_words",
]

_LAYOUT_END = struct.calcsize(BTF_HEADER) + 8


class Header(NamedTuple):
    """The blob's byte order, as in the struct module, and its sections, as slices of the blob."""

    order: str
    types: slice
    strings: slice
    layout: slice | None = None


def byte_order(data: bytes, what: str = "BTF") -> str:
    """Return ``<`` or ``>``; raise FormatError if the magic number is wrong.

    >>> byte_order(bytes.fromhex("9feb0100"))
    '<'
    """
    if data[:2] == BTF_MAGIC.to_bytes(2, "little"):
        return "<"
    if data[:2] == BTF_MAGIC.to_bytes(2, "big"):
        return ">"
    raise FormatError(
        f"not {what}", why=f"expected eb9f at the start, got {data[:2].hex() or 'nothing'}"
    )


def decode_header(data: bytes) -> Header:
    """Return the sections' locations; raise FormatError if sections overlap or exceed the data."""
    order = byte_order(data)
    if len(data) < struct.calcsize(BTF_HEADER):
        raise FormatError("truncated BTF", why=f"only {len(data)} bytes of the header are present")
    _, version, flags, size, *pairs = struct.unpack_from(order + BTF_HEADER, data)
    if version != BTF_VERSION or flags:
        raise FormatError(f"unknown BTF version {version}, flags {flags:#x}")
    if not struct.calcsize(BTF_HEADER) <= size <= len(data):
        raise FormatError("damaged BTF header", why=f"invalid header length {size}")
    types = _section("type", data, size, pairs[0], pairs[1])
    strings = _section("string", data, size, pairs[2], pairs[3])
    if types.start < strings.stop and strings.start < types.stop:
        raise FormatError("damaged BTF header", why="the type and string sections overlap")
    return Header(order, types, strings, _layout(order, data, size))


def _section(name: str, data: bytes, header: int, offset: int, length: int) -> slice:
    start = header + offset
    if start + length > len(data):
        raise FormatError(
            "truncated BTF",
            why=(
                f"the {name} section ends at offset {start + length}, but the data ends at "
                f"{len(data)}"
            ),
        )
    # The string section is a sequence of bytes; all other sections are sequences of 32-bit words.
    if name != "string" and (offset % 4 or length % 4):
        raise FormatError(
            "damaged BTF header", why=f"the size of the {name} section is not a multiple of 4"
        )
    return slice(start, start + length)


def _layout(order: str, data: bytes, size: int) -> slice | None:
    if size < _LAYOUT_END:
        return None
    offset, length = struct.unpack_from(order + "II", data, _LAYOUT_END - 8)
    return _section("layout", data, size, offset, length) if length else None


def type_words(data: bytes, header: Header) -> memoryview[int]:
    """Return the type section as words, without copying unless the byte order differs."""
    section = memoryview(data)[header.types]
    if header.order == ("<" if sys.byteorder == "little" else ">"):
        return section.cast("I")
    words = array("I", section.tobytes())
    words.byteswap()
    return memoryview(words)


def layout_of_kinds(data: bytes, header: Header) -> dict[int, tuple[int, int]]:
    """Return a dict from each kind to its numbers of words after btf_type and per element."""
    if header.layout is None:
        return {}
    rows = struct.iter_unpack(header.order + BTF_LAYOUT, data[header.layout])
    return {
        kind: (info // 4, element // 4)
        for kind, (info, element, _) in enumerate(rows)
        if not info % 4 and not element % 4
    }


def encode_header(order: str, type_len: int, str_len: int) -> bytes:
    """Build a header for a type section followed by a string section.

    >>> decode_header(encode_header("<", 0, 0)).types
    slice(24, 24, None)
    """
    size = struct.calcsize(BTF_HEADER)
    return struct.pack(
        order + BTF_HEADER, BTF_MAGIC, BTF_VERSION, 0, size, 0, type_len, type_len, str_len
    )
