"""The string section: NUL-ended names, found by offset. Offset 0 is the empty name.

Names are mostly C identifiers, but section names, tags and other languages' names are not. They
are kept byte for byte (undecodable ones as surrogates), so what is read can be written again.
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.errors import FormatError

__all__ = ["FLAVOUR", "Strings", "decode_name", "encode_name", "printable"]


FLAVOUR = b"___"
"""Between a type's name and what tells one version of it from another: ``task_struct___old``."""

_LONGEST_NAME = 1024
"""Bytes. The kernel takes 511 (KSYM_NAME_LEN) in names that it checks; C++ and Rust make longer
ones, which no kernel loads. Without a limit, members that share one long name make endless text."""


def decode_name(name: bytes) -> str:
    r"""Bytes to text, losing nothing.

    >>> encode_name(decode_name(bytes([0xff, 0x41])))
    b'\xffA'
    """
    return name.decode("utf-8", "surrogateescape")


def encode_name(name: str) -> bytes:
    """Text to bytes. FormatError for text that cannot be a name."""
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise FormatError(f"the name {name!r} is no text", why=str(error)) from None
    if b"\0" in data:
        raise FormatError(f"the name {name!r} has a NUL inside")
    return data


def printable(name: str) -> str:
    r"""A name fit for a terminal: what is not to be seen there is escaped.

    >>> printable("größe"), printable("a\x1b[2J"), printable(decode_name(bytes([0xff])))
    ('größe', 'a\\x1b[2J', '\\udcff')
    """
    if name.isprintable():
        return name
    escaped = (c if c.isprintable() else ascii(c)[1:-1] for c in name)
    return "".join(escaped)


class Scan(NamedTuple):
    """Where a name is, and what its flavours are called."""

    offsets: list[int]
    flavours: list[str]


class Strings:
    r"""A string section that is read. Split BTF's offsets go on where its base's end.

    >>> Strings(b"\0int\0").at(1)
    'int'
    """

    __slots__ = ("_base", "_cache", "_data", "_ends", "_left", "_scan", "_start", "_texts", "end")

    def __init__(self, data: bytes, base: Strings | None = None) -> None:
        # A split BTF may have no strings of its own; a base has at least the empty one.
        if (data or base is None) and data[-1:] != b"\0":
            raise FormatError("damaged BTF", why="the string section does not end with a NUL")
        if base is None and data[0] != 0:
            raise FormatError(
                "damaged BTF, or a module's without its base",
                why="the first string is not the empty one",
            )
        self._data = data
        self._base = base
        self._start: int = 0 if base is None else base.end
        self.end: int = self._start + len(data)
        self._cache: dict[int, str] = {}
        self._texts: dict[int, str] = {}
        # A name is asked of one module after the other, and each asks the base.
        self._scan: tuple[str, Scan] | None = None
        self._ends: tuple[str, list[int]] | None = None
        # Names may share endings, but no compiler makes them overlap so much that reading each
        # once reads the section many times over. A hostile blob's could fill the memory.
        self._left = 16 * len(data) + 65536

    @property
    def data(self) -> bytes:
        """The section's bytes, without the base's."""
        return self._data

    def at(self, offset: int) -> str:
        """The name at an offset. FormatError: there is none, or it is longer than names are."""
        name = self._cache.get(offset)
        if name is None:
            name = self._cache[offset] = self._read(offset, _LONGEST_NAME)
        return name

    def text(self, offset: int) -> str:
        """A line of source at an offset: as a name, but of any length."""
        text = self._texts.get(offset)
        if text is None:
            text = self._texts[offset] = self._read(offset, len(self._data))
        return text

    def _read(self, offset: int, longest: int) -> str:
        if self._base is not None and offset < self._start:
            return self._base.at(offset)
        start = offset - self._start
        if start >= len(self._data):
            raise FormatError(
                "damaged BTF", why=f"a name at {offset} is beyond the {self.end} bytes of strings"
            )
        length = self._data.index(0, start) - start
        self._left -= length
        if length > longest or self._left < 0:
            raise FormatError("damaged BTF", why=f"a name of {length} bytes at {offset}")
        return decode_name(self._data[start : start + length])

    def offsets(self, name: str) -> list[int]:
        """Where exactly this name is read as a whole string."""
        return self.scan(name).offsets

    def flavours(self, name: str) -> list[str]:
        """Every name that is this one, three underscores, and more, each once (libbpf's custom)."""
        return list(dict.fromkeys(self.scan(name).flavours))

    def endings(self, name: str) -> list[int]:
        """Where the name is read because a longer one ends with it.

        That is legal, and no writer of BTF is known that makes use of it.
        """
        if self._ends is None or self._ends[0] != name:
            self._ends = name, self._endings(name)
        return self._ends[1]

    def _endings(self, name: str) -> list[int]:
        wanted = encode_name(name) + b"\0"
        found = [] if self._base is None else list(self._base.endings(name))
        at = self._data.find(wanted, 1)
        while at >= 0:
            if self._data[at - 1]:
                found.append(self._start + at)
            at = self._data.find(wanted, at + 1)
        return found

    def scan(self, name: str) -> Scan:
        """What offsets and flavours tell, by one look at the section: a kernel's has 2 MB."""
        if self._scan is None or self._scan[0] != name:
            self._scan = name, self._look_for(name)
        return self._scan[1]

    def _look_for(self, name: str) -> Scan:
        found = Scan([], [])
        if self._base is not None:
            offsets, flavours = self._base.scan(name)
            found = Scan(list(offsets), list(flavours))
        encoded, data = encode_name(name), self._data
        # A split blob's first name has no zero before it.
        at = 0 if data and data.startswith(encoded) else self._next(encoded, 0)
        while at >= 0:
            end = at + len(encoded)
            if data[end] == 0:
                found.offsets.append(self._start + at)
            elif data.startswith(FLAVOUR, end):
                found.flavours.append(self.at(self._start + at))
            at = self._next(encoded, at)
        return found

    def _next(self, beginning: bytes, at: int) -> int:
        """Where the next string begins so, behind ``at``; -1: nowhere."""
        zero = self._data.find(b"\0" + beginning, at, len(self._data) - 1)
        return zero + 1 if zero >= 0 else -1
