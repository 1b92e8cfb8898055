"""The string section that is written: each name once, found by its offset.

A section that was read can be gone on from, so that types which refer to it stay as they are.
"""

from __future__ import annotations

from rawbpf.btf.strings import encode_name
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_MAX_NAME_OFFSET

__all__ = ["StringTable"]

_SEARCHED = 1 << 16
"""Bytes of a section that is searched for each name; an index of all takes as long as many."""


class StringTable:
    r"""A string section that is written, each name once.

    >>> table = StringTable()
    >>> table.add("int"), table.add("pid"), table.add("int")
    (1, 5, 1)
    >>> table.encode()
    b'\x00int\x00pid\x00'

    ``start``: the offset of its first byte, behind a base's. ``data``: a section to go on from.
    """

    __slots__ = ("_data", "_given", "_offsets", "_start")

    def __init__(self, start: int = 0, data: bytes = b"") -> None:
        self._start = start
        self._data = bytearray(data or (b"" if start else b"\0"))
        self._offsets: dict[bytes, int] = {}
        # Few of a program's names are asked for again, so it is searched; a large one is indexed.
        self._given = data if len(data) <= _SEARCHED else b""
        at = start
        for name in data[:-1].split(b"\0") if len(data) > _SEARCHED else ():
            self._offsets.setdefault(name, at)
            at += len(name) + 1
        self._offsets[b""] = 0

    def add(self, name: str) -> int:
        """The offset of a name, which is appended unless it is there."""
        encoded = encode_name(name)
        offset = self._offsets.get(encoded)
        if offset is None:
            offset = self._offsets[encoded] = self._find(encoded) or self._append(encoded)
        return offset

    def _find(self, name: bytes) -> int:
        """The offset of a name that was given to us; 0: it was not."""
        at = self._given.find(b"\0" + name + b"\0")
        return self._start + at + 1 if at >= 0 else 0

    def _append(self, name: bytes) -> int:
        offset = self._start + len(self._data)
        self._data += name + b"\0"
        if offset > BTF_MAX_NAME_OFFSET:
            raise FormatError("too many names for one BTF", why="16 MiB of them at most")
        return offset

    def encode(self) -> bytes:
        """The section's bytes."""
        return bytes(self._data)
