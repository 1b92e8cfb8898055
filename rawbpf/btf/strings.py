"""The string section, which contains NUL-terminated names that types refer to by offset.

Offset 0 is the empty name.

Most names are C identifiers, but section names, tags and names from other languages may not be.
Names are preserved byte for byte (undecodable bytes as surrogates), so that a section can be read
and written without changes. `Strings` reads a string section, and `StringTable` writes one.
"""

from __future__ import annotations

import re
from itertools import accumulate, repeat
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_MAX_NAME_OFFSET

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FLAVOUR", "StringTable", "Strings", "decode_name", "encode_name", "printable",
           "typed_name"]  # fmt: skip


FLAVOUR = b"___"
"""The separator between a type's name and the suffix of a flavour, as in ``task_struct___old``."""

_LONGEST_NAME = 1024
"""Bytes.

The kernel accepts names of up to 511 characters (KSYM_NAME_LEN); C++ and Rust produce longer names,
which no kernel accepts. Without a limit, members that share one long name could produce enormous
output."""

_MOST_AT_ONCE = 1 << 18
"""The number of strings up to which all are read in one pass; the kernel has about 125,000."""

_SEARCHED = 1 << 16
"""The size in bytes up to which a section is searched for each name instead of being indexed."""


def decode_name(name: bytes) -> str:
    r"""Decode bytes as text without loss.

    >>> encode_name(decode_name(bytes([0xff, 0x41])))
    b'\xffA'
    """
    return name.decode("utf-8", "surrogateescape")


def encode_name(name: str) -> bytes:
    """Encode text as bytes; raise FormatError if the text cannot be a name."""
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise FormatError(f"the name {name!r} is not valid text", why=str(error)) from None
    if b"\0" in data:
        raise FormatError(f"the name {name!r} contains a NUL byte")
    return data


def printable(name: str) -> str:
    r"""Escape a name's unprintable characters for display on a terminal.

    >>> printable("größe"), printable("a\x1b[2J"), printable(decode_name(bytes([0xff])))
    ('größe', 'a\\x1b[2J', '\\xff')
    """
    if name.isprintable():
        return name
    escaped = (c if c.isprintable() else _escape(c) for c in name)
    return "".join(escaped)


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) & 0xFF:02x}"
    return ascii(character)[1:-1]


def typed_name(text: str) -> str:
    r"""Undo ``printable``, for names that users type.

    >>> typed_name(r"a\x1b[2J") == "a\x1b[2J", encode_name(typed_name(r"caf\xe9"))
    (True, b'caf\xe9')
    """
    return decode_name(_ESCAPE.sub(_unescape, encode_name(text)))


_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|([nrt]))")
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[3]:
        return _LETTERS[found[3]]
    if found[1]:
        return bytes.fromhex(found[1].decode())
    return chr(int(found[2], 16)).encode(errors="replace")


class Scan(NamedTuple):
    """The offsets of a name in a section, and the names of its flavours."""

    offsets: list[int]
    flavours: list[str]


class _Names(dict[int, str]):
    """Names by offset. A name is decoded on first use; later uses need no Python function call."""

    __slots__ = ("_base", "_data", "_left", "_start")

    def __init__(self, data: bytes, start: int, base: Strings | None) -> None:
        self._data, self._start, self._base = data, start, base
        # Names may share suffixes, but in compilers' output they never overlap so much that reading
        # each name once reads the section many times over. A malicious blob could exhaust memory
        # with
        # overlapping names.
        self._left = 16 * len(data) + 65536

    def __missing__(self, offset: int) -> str:
        name = self[offset] = self.read(offset, _LONGEST_NAME)
        return name

    def read(self, offset: int, longest: int) -> str:
        """Return the string at an offset; raise FormatError if it exceeds ``longest`` bytes."""
        if self._base is not None and offset < self._start:
            return self._base.at(offset)
        start = offset - self._start
        if start >= len(self._data):
            end = self._start + len(self._data)
            raise FormatError(
                "damaged BTF",
                why=(f"name offset {offset} is past the end of the strings ({end} bytes)"),
            )
        length = self._data.index(0, start) - start
        self._left -= length
        if length > longest or self._left < 0:
            raise FormatError(
                "damaged BTF", why=f"the name at offset {offset} is too long ({length} bytes)"
            )
        return decode_name(self._data[start : start + length])

    def read_all(self) -> None:
        """Read all names after a NUL, unless they are too many, too long, or not ASCII."""
        data = self._data
        if not data or not data.isascii() or data.count(0) > _MOST_AT_ONCE:
            return
        names = data[:-1].decode("ascii").split("\0")
        if max(map(len, names)) <= _LONGEST_NAME:
            # each size includes the NUL, and no Python code runs per name
            sizes = map(add, map(len, names), repeat(1))
            offsets = accumulate(sizes, initial=self._start)
            self.update(zip(offsets, names, strict=False))


class Strings:
    r"""A string section that can be read.

    Offsets in split BTF start after the base's string section.

    >>> Strings(b"\0int\0").at(1)
    'int'
    """

    __slots__ = ("_base", "_data", "_ends", "_names", "_scan", "_start", "_texts", "at", "end")

    def __init__(self, data: bytes, base: Strings | None = None) -> None:
        # Split BTF may have no strings of its own, but a base has at least the empty string.
        if (data or base is None) and data[-1:] != b"\0":
            raise FormatError("damaged BTF", why="the string section does not end with a NUL byte")
        if base is None and data[0] != 0:
            raise FormatError(
                "damaged BTF, or a module's BTF without its base",
                why="the first string is not empty",
            )
        self._data = data
        self._base = base
        self._start: int = 0 if base is None else base.end
        self.end: int = self._start + len(data)
        self._names = _Names(data, self._start, base)
        self.at: Callable[[int], str] = self._names.__getitem__
        """A function that returns the name at an offset.

        Raises FormatError if the offset is out of range or the name too long.
        """
        self._texts: dict[int, str] = {}
        # The same name is looked up in many modules in turn, and each lookup also searches the
        # base.
        self._scan: tuple[str, Scan] | None = None
        self._ends: tuple[str, list[int]] | None = None

    @property
    def data(self) -> bytes:
        """The section's bytes, without the base's strings."""
        return self._data

    def read_all(self) -> None:
        """Read all names in one pass, which is five times as fast as reading them individually."""
        self._names.read_all()

    def text(self, offset: int) -> str:
        """Return the source line at an offset; the line may be of any length."""
        text = self._texts.get(offset)
        if text is None:
            text = self._texts[offset] = self._names.read(offset, len(self._data))
        return text

    def offsets(self, name: str) -> list[int]:
        """Return the offsets of strings that equal this name."""
        return self.scan(name).offsets

    def flavours(self, name: str) -> list[str]:
        """Return all flavours of a name (the name, ``___`` and a suffix), as in libbpf."""
        return list(dict.fromkeys(self.scan(name).flavours))

    def endings(self, name: str) -> list[int]:
        """Return the offsets at which the name occurs as the suffix of a longer string.

        A reference to a suffix is valid, although no known tool writes such references.
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
        """Find offsets and flavours of names in a single pass over the section.

        The kernel's string section is 2 MB long.
        """
        if self._scan is None or self._scan[0] != name:
            self._scan = name, self._look_for(name)
        return self._scan[1]

    def _look_for(self, name: str) -> Scan:
        found = Scan([], [])
        if self._base is not None:
            offsets, flavours = self._base.scan(name)
            found = Scan(list(offsets), list(flavours))
        encoded, data = encode_name(name), self._data
        # The first name of a split blob is not preceded by a zero byte.
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
        """Return the offset of the first string after ``at`` that has the given prefix, or -1."""
        zero = self._data.find(b"\0" + beginning, at, len(self._data) - 1)
        return zero + 1 if zero >= 0 else -1


class StringTable:
    r"""A string section that can be extended, and that stores each name only once.

    >>> table = StringTable()
    >>> table.add("int"), table.add("pid"), table.add("int")
    (1, 5, 1)
    >>> table.encode()
    b'\x00int\x00pid\x00'

    ``start`` is the offset of the first byte, after the base's strings. ``data`` is an existing
    section to extend, so that types that refer to its strings need not change.
    """

    __slots__ = ("_data", "_given", "_offsets", "_start")

    def __init__(self, start: int = 0, data: bytes = b"") -> None:
        self._start = start
        self._data = bytearray(data or (b"" if start else b"\0"))
        self._offsets: dict[bytes, int] = {}
        # A program adds few names, so its small section is searched; a large section is indexed.
        self._given = data if len(data) <= _SEARCHED else b""
        at = start
        for name in data[:-1].split(b"\0") if len(data) > _SEARCHED else ():
            self._offsets.setdefault(name, at)
            at += len(name) + 1
        self._offsets[b""] = 0

    def add(self, name: str) -> int:
        """Return a name's offset, appending the name to the section if it is new."""
        encoded = encode_name(name)
        offset = self._offsets.get(encoded)
        if offset is None:
            offset = self._offsets[encoded] = self._find(encoded) or self._append(encoded)
        return offset

    def _find(self, name: bytes) -> int:
        """Return a name's offset in the section to extend, or 0 if the name is missing."""
        at = self._given.find(b"\0" + name + b"\0")
        return self._start + at + 1 if at >= 0 else 0

    def _append(self, name: bytes) -> int:
        offset = self._start + len(self._data)
        self._data += name + b"\0"
        if offset > BTF_MAX_NAME_OFFSET:
            raise FormatError("too many names for one BTF", why="the limit is 16 MiB")
        return offset

    def encode(self) -> bytes:
        """Return the section's contents."""
        return bytes(self._data)
