"""Values that know how to display themselves: enumerators, addresses and arrays of u8.

They are subclasses of int and bytes and support the same operations. Only their text representation
differs.

>>> EnumValue.named(5, "GREEN") + 1, str(EnumValue.named(5, "GREEN"))
(6, 'GREEN')
>>> str(Address(0xffff888000000000)), OctetArray(b"ab") == b"ab"
('0xffff888000000000', True)
"""

from __future__ import annotations

__all__ = ["Address", "EnumValue", "OctetArray"]


class EnumValue(int):
    """An enum value that has a name, which ``str`` returns."""

    name: str

    @classmethod
    def named(cls, value: int, name: str) -> EnumValue:
        """Return the value with its name."""
        one = cls(value)
        one.name = name
        return one

    def __str__(self) -> str:
        return self.name


class Address(int):
    """The value of a pointer, which ``str`` returns in hexadecimal."""

    __slots__ = ()

    def __str__(self) -> str:
        return hex(self)


class OctetArray(bytes):
    """An array of u8, which contains numbers rather than text."""

    __slots__ = ()
