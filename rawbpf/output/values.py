r"""Format decoded values as text for people, and as JSON.

>>> values_line({"pid": 7, "comm": b"cat\0\0", "addr": {"port": 80}, "raw": b"\1\0"})
"pid=7 comm='cat' addr={port=80} raw='\\x01\\x00'"
>>> plain({"comm": b"c\xff", "n": 1, "name": b"eth0\0\0", "raw": b"\1\0"})
{'comm': 'c\\xff', 'n': 1, 'name': 'eth0', 'raw': '\x01\x00'}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf.values.shown import Address, EnumValue, OctetArray
from rawbpf.output.text import letters, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["hex_lines", "plain", "value_text", "values_line"]

_LONGEST_BYTES = 64
_COLUMNS = 16


def values_line(values: dict[str, Any]) -> str:
    """Format a struct's members on one line."""
    return " ".join(f"{name}={value_text(value)}" for name, value in values.items())


def value_text(value: Any) -> str:  # noqa: ANN401 -- any type that BTF decodes to
    """Format one value."""
    if isinstance(value, dict):
        return "{" + values_line(value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(value_text, value)) + "]"
    if isinstance(value, bytes | bytearray):
        return _bytes(bytes(value))
    return str(value)


def _bytes(data: bytes) -> str:
    """Format a byte string of up to 64 bytes in quotes."""
    shown = _text(data)
    return f"'{printable(shown[:_LONGEST_BYTES])}'" + "…" * (len(shown) > _LONGEST_BYTES)


def _text(data: bytes) -> bytes:
    """Strip trailing NULs if the remaining bytes are ASCII text; return other bytes unchanged."""
    text = data.rstrip(b"\0")
    return text if text.isascii() and text.decode().isprintable() else data


def plain(value: Any) -> Any:  # noqa: ANN401 -- as above
    """Return a value in the form that JSON can represent.

    Bytes become text, arrays of u8 become lists of numbers, enum values become names, and addresses
    become hex strings.
    """
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, OctetArray):
        return list(value)
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value)).decode(errors="backslashreplace")
    if isinstance(value, EnumValue | Address):
        return str(value)
    return value


def hex_lines(data: bytes) -> Iterator[str]:
    r"""Yield the lines of a hex dump, with an offset, sixteen bytes, and the same bytes as text.

    >>> print(*hex_lines(b"ping\0"), sep="")
    0000  70 69 6e 67 00                                   ping.
    """
    for at in range(0, len(data), _COLUMNS):
        row = data[at : at + _COLUMNS]
        text = letters(row)
        yield f"{at:04x}  {row.hex(' '):<{3 * _COLUMNS}} {text}"
