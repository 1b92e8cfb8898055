"""Codecs for numbers, bit-fields and byte strings.

Each codec has a ``size`` in bytes, a ``get`` method that reads a value at an offset, and a ``put``
method that writes one. ``path`` identifies the value in error messages, for example as
``event.args[2]``.
"""

# ruff: noqa: D102 -- get and put are described by Codec
from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from rawbpf.btf.sizes import POINTER_SIZE
from rawbpf.btf.values.shown import Address, EnumValue, OctetArray
from rawbpf.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Bits",
    "Bool",
    "Codec",
    "Enumerated",
    "Number",
    "Octets",
    "Pointer",
    "Real",
    "Text",
    "reject",
]

ByteOrder = Literal["little", "big"]


class Codec:
    """Converts values of one type between bytes and Python objects."""

    size: int
    code = ""
    """The type code used by ``struct`` and memoryview, or "" if they do not support the type."""
    as_is = True
    """Whether ``struct`` returns the value itself for ``code``; otherwise ``of`` converts the
    result."""

    def of(self, raw: Any) -> Any:  # noqa: ANN401 -- as in get
        """Convert the value that ``struct`` returns to the value shown to the user."""
        return raw

    def get(self, data: bytes, at: int) -> Any:  # noqa: ANN401 -- whatever the type's values are
        """Decode the value at an offset.

        The caller must ensure that the data contains ``size`` bytes at the offset.
        """
        raise NotImplementedError

    def put(self, buffer: bytearray, at: int, value: Any, path: str) -> None:  # noqa: ANN401
        """Encode a value at an offset; raise UsageError if the value does not fit the type."""
        raise NotImplementedError


def reject(path: str, value: object, wanted: str) -> NoReturn:
    """Raises UsageError if a value is not valid for the type."""
    what = f"{path} cannot be {value!r}" if path else f"invalid value: {value!r}"
    raise UsageError(what, fix=f"give {wanted}")


_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}
_SIGNED = {size: code.lower() for size, code in _UNSIGNED.items()}


class Number(Codec):
    """An integer of ``size`` bytes."""

    def __init__(self, size: int, order: ByteOrder, *, signed: bool, bits: int = 0) -> None:
        self.size, self._order, self.signed = size, order, signed
        if order == sys.byteorder:
            self.code = (_SIGNED if signed else _UNSIGNED).get(size, "")
        bits = bits or 8 * size
        half = 1 << (bits - 1)
        self.low, self.high = (-half, half - 1) if signed else (0, (1 << bits) - 1)

    def get(self, data: bytes, at: int) -> int:
        return int.from_bytes(data[at : at + self.size], self._order, signed=self.signed)

    def put(self, buffer: bytearray, at: int, value: Any, path: str) -> None:  # noqa: ANN401
        number = self.number(value, path)
        buffer[at : at + self.size] = number.to_bytes(self.size, self._order, signed=self.signed)

    def number(self, value: Any, path: str) -> int:  # noqa: ANN401 -- checked here
        """Return the value as a number after checking that it is in range."""
        if not isinstance(value, int) or not self.low <= value <= self.high:
            reject(path, value, f"an integer from {self.low} to {self.high}")
        return value


class Enumerated(Number):
    """An enum; values are decoded to a number with a name, and encoded from a number or a name."""

    as_is = False

    def __init__(
        self, size: int, order: ByteOrder, *, signed: bool, names: Mapping[str, int]
    ) -> None:
        super().__init__(size, order, signed=signed)
        self._names = names
        # If several enumerators have the same value, the first one is shown.
        self._values = {
            value: EnumValue.named(value, name) for name, value in reversed(list(names.items()))
        }

    def of(self, raw: int) -> int:
        return self._values.get(raw, raw)

    def get(self, data: bytes, at: int) -> int:
        return self.of(super().get(data, at))

    def number(self, value: Any, path: str) -> int:  # noqa: ANN401 -- checked here
        if isinstance(value, str):
            if value not in self._names:
                reject(path, value, f"one of {', '.join(list(self._names)[:8])}")
            value = self._names[value]
        return super().number(value, path)


class Pointer(Number):
    """A pointer, whose value is an address."""

    as_is = False

    def __init__(self, order: ByteOrder) -> None:
        super().__init__(POINTER_SIZE, order, signed=False)

    def of(self, raw: int) -> Address:
        return Address(raw)

    def get(self, data: bytes, at: int) -> Address:
        return Address(super().get(data, at))

    def number(self, value: Any, path: str) -> int:  # noqa: ANN401 -- checked here
        if isinstance(value, str):  # true and false, as in JSON output
            try:
                value = int(value, 16)
            except ValueError:
                reject(path, value, "an address such as 0xffff888000000000")
        return super().number(value, path)


class Bool(Codec):
    """A ``_Bool``, for which any nonzero byte is true."""

    size = 1
    code = "?"

    def get(self, data: bytes, at: int) -> bool:
        return data[at] != 0

    def put(self, buffer: bytearray, at: int, value: Any, path: str) -> None:  # noqa: ANN401
        if value not in (0, 1):
            reject(path, value, "True or False")
        buffer[at] = bool(value)


class Real(Codec):
    """A float or a double."""

    _FORMATS = {2: "e", 4: "f", 8: "d"}

    def __init__(self, size: int, order: ByteOrder) -> None:
        self.size = size
        self._struct = struct.Struct(("<" if order == "little" else ">") + self._FORMATS[size])
        if order == sys.byteorder and size > 2:
            self.code = self._FORMATS[size]

    @classmethod
    def takes(cls, size: int) -> bool:
        """Return whether Python supports floats of the given size; long double is not supported."""
        return size in cls._FORMATS

    def get(self, data: bytes, at: int) -> float:
        value: float = self._struct.unpack_from(data, at)[0]
        return value

    def put(self, buffer: bytearray, at: int, value: Any, path: str) -> None:  # noqa: ANN401
        try:
            self._struct.pack_into(buffer, at, value)
        except (struct.error, OverflowError):
            reject(path, value, f"a number that fits into {self.size} bytes")


class Octets(Codec):
    """Plain bytes, used for arrays of u8 and for numbers that Python cannot represent.

    Shorter values are padded with zeros; a str is encoded as UTF-8.
    """

    def __init__(self, size: int) -> None:
        self.size, self.code = size, f"{size}s"

    as_is = False

    def of(self, raw: bytes) -> bytes:
        return OctetArray(raw)

    def get(self, data: bytes, at: int) -> bytes:
        return self.of(data[at : at + self.size])

    def put(self, buffer: bytearray, at: int, value: Any, path: str) -> None:  # noqa: ANN401
        if isinstance(value, list) and all(isinstance(v, int) and 0 <= v < 256 for v in value):
            data: Any = bytes(value)
        else:
            data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        if not isinstance(data, bytes | bytearray) or len(data) > self.size:
            reject(path, value, f"text or bytes, at most {self.size} bytes long")
        buffer[at : at + self.size] = data.ljust(self.size, b"\0")


class Text(Octets):
    """An array of char, whose value is the bytes before the first NUL.

    A value to encode may be bytes or a str.

    The value is truncated at the first NUL instead of stripped, because the kernel may leave
    garbage after the NUL in a comm (observed on 6.1).
    """

    def of(self, raw: bytes) -> bytes:
        return raw.partition(b"\0")[0]


class Bits(Codec):
    """A bit-field: ``bits`` bits of a number of ``size`` bytes, shifted by ``shift`` bits."""

    def __init__(self, number: Number, size: int, shift: int, bits: int, order: ByteOrder) -> None:
        self.size, self._shift, self._order = size, shift, order
        self._mask = (1 << bits) - 1
        self._sign = 1 << (bits - 1) if number.signed else 0
        self._number = number

    def get(self, data: bytes, at: int) -> int:
        value = int.from_bytes(data[at : at + self.size], self._order) >> self._shift & self._mask
        return (value ^ self._sign) - self._sign

    def put(self, buffer: bytearray, at: int, value: Any, path: str) -> None:  # noqa: ANN401
        number = self._number.number(value, path) & self._mask
        around = int.from_bytes(buffer[at : at + self.size], self._order)
        around = around & ~(self._mask << self._shift) | number << self._shift
        buffer[at : at + self.size] = around.to_bytes(self.size, self._order)
