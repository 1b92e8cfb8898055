"""The string section: NUL-ended names, found by offset. Offset 0 is the empty name.

Names are mostly C identifiers, but section names, tags and other languages' names are not. They
are kept byte for byte (undecodable ones as surrogates), so what is read can be written again.
"""

from __future__ import annotations

from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_MAX_NAME_OFFSET

__all__ = ["StringTable", "Strings", "decode_name", "encode_name", "printable"]


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


class Strings:
    r"""A string section that is read. Split BTF's offsets go on where its base's end.

    >>> Strings(b"\0int\0").at(1)
    'int'
    """

    __slots__ = ("_base", "_begun", "_cache", "_data", "_found", "_left", "_start", "_texts", "end")

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
        # A name is asked of one module after the other, and each asks the base, which has 2 MB.
        self._found: tuple[str, tuple[list[int], list[int]]] | None = None
        self._begun: tuple[str, list[str]] | None = None
        # Names may share endings, but no compiler makes them overlap so much that reading each
        # once reads the section many times over. A hostile blob's could fill the memory.
        self._left = 16 * len(data) + 65536

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

    def offsets(self, name: str) -> tuple[list[int], list[int]]:
        """Where exactly this name is read: whole strings, and the endings of longer ones.

        The latter are legal, and no writer of BTF is known that makes use of them.
        """
        if self._found is None or self._found[0] != name:
            self._found = name, self._offsets(name)
        return self._found[1]

    def _offsets(self, name: str) -> tuple[list[int], list[int]]:
        wanted = encode_name(name) + b"\0"
        whole, endings = map(list, ([], []) if self._base is None else self._base.offsets(name))
        at = self._data.find(wanted)
        while at >= 0:
            is_whole = at == 0 or self._data[at - 1] == 0
            (whole if is_whole else endings).append(self._start + at)
            at = self._data.find(wanted, at + 1)
        return whole, endings

    def beginning_with(self, prefix: str) -> list[str]:
        """Every name of its own or of its base that begins so, each once."""
        if self._begun is None or self._begun[0] != prefix:
            self._begun = prefix, self._beginning_with(prefix)
        return self._begun[1]

    def _beginning_with(self, prefix: str) -> list[str]:
        wanted = b"\0" + encode_name(prefix)
        found = [] if self._base is None else list(self._base.beginning_with(prefix))
        at = self._data.find(wanted)
        while at >= 0:
            found.append(self.at(self._start + at + 1))
            at = self._data.find(wanted, at + 1)
        return list(dict.fromkeys(found))


class StringTable:
    r"""A string section that is written, each name once.

    >>> table = StringTable()
    >>> table.add("int"), table.add("pid"), table.add("int")
    (1, 5, 1)
    >>> table.encode()
    b'\x00int\x00pid\x00'
    """

    __slots__ = ("_data", "_offsets", "_start")

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._data = bytearray(b"" if start else b"\0")
        self._offsets: dict[str, int] = {"": 0}

    def add(self, name: str) -> int:
        """The offset of a name, which is appended unless it is there."""
        offset = self._offsets.get(name)
        if offset is None:
            offset = self._offsets[name] = self._start + len(self._data)
            self._data += encode_name(name) + b"\0"
            if offset > BTF_MAX_NAME_OFFSET:
                raise FormatError("too many names for one BTF", why="16 MiB of them at most")
        return offset

    def encode(self) -> bytes:
        """The section's bytes."""
        return bytes(self._data)
