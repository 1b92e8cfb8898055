"""Open the running kernel's types, using a cached index from an earlier run.

Reading /sys/kernel/btf/vmlinux takes a few milliseconds; mapping the file instead is possible only
since 6.16. Scanning the types takes longer, and on an emulated CPU it takes ten times as long as
searching for a name. The first reader therefore stores the index that it builds in the user's cache
(``rawbpf.btf.index``), with one file per kernel build:

    ~/.cache/rawbpf/types/BUILD_ID-SIZE

The build ID is a hash that the linker computes over the kernel image, including its BTF. The kernel
exposes the build ID in /sys/kernel/notes as an ELF note: name size, contents size, type, name,
contents.

Nothing depends on the cache being available. If the cache cannot be read, is damaged, or belongs to
another user, a new index is built; if the cache cannot be written, types are searched without an
index.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from rawbpf import user_cache
from rawbpf.btf.btf import Btf
from rawbpf.btf.index import decode_index, encode_index
from rawbpf.errors import FormatError
from rawbpf.input_file import read_input
from rawbpf.kernel.btf import vmlinux_btf
from rawbpf.kernel.hardware import Root, read_bytes

if TYPE_CHECKING:
    from rawbpf.btf.index import Index

__all__ = ["build_id", "kernel_types"]

_LARGEST = 256 << 20
_MOST_FILES = 16
"""The number of kernels whose index is kept; each index takes 0.4 MB."""

_FOLDER = "types"
_NOTES = "/sys/kernel/notes"
_NT_GNU_BUILD_ID = 3


def kernel_types(root: Root = "/") -> Btf | None:
    """Return the types of the kernel image, or None if the kernel was built without BTF."""
    path = vmlinux_btf(root)
    if path is None:
        return None
    data = read_input(path, _LARGEST)
    build = build_id(read_bytes(root, _NOTES) or b"")
    return Btf(data) if build is None else _with_index(data, f"{build}-{len(data)}")


def build_id(notes: bytes) -> str | None:
    r"""Return the GNU build ID found in ELF notes as hex digits, or None if there is no build ID.

    >>> build_id(bytes.fromhex("0400000002000000030000" "00474e5500beef0000"))
    'beef'
    """
    order = "<" if sys.byteorder == "little" else ">"
    start = 0
    while start + 12 <= len(notes):
        name_size, size, kind = struct.unpack_from(f"{order}3I", notes, start)
        name = start + 12
        contents = name + (name_size + 3 & ~3)
        if kind == _NT_GNU_BUILD_ID and notes[name : name + name_size] == b"GNU\0":
            return notes[contents : contents + size].hex() or None
        start = contents + (size + 3 & ~3)
    return None


def _with_index(data: bytes, name: str) -> Btf:
    def keep(index: Index) -> None:
        with suppress(OSError):
            _store(name, encode_index(index, len(data)))

    index = _read(name, len(data))
    types = Btf(data, index=index, learned=keep)
    if index is None and _is_writable():
        with suppress(FormatError):  # the error is raised when a reader reaches the damage
            keep(types.index())
    return types


def _read(name: str, size: int) -> Index | None:
    """Return the index in a cache file, or None if the file does not contain a valid index."""
    path = user_cache.place(_FOLDER, name)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:  # noqa: PTH123 -- see user_cache
            status = os.fstat(file.fileno())
            # Each type has at least three words, whereas an index has less than one and a half
            # words per type.
            if status.st_uid != os.geteuid() or status.st_size > size:
                return None
            return decode_index(file.read(size), size)
    except (OSError, FormatError):
        return None


def _is_writable() -> bool:
    """Return whether the cache can be written, creating the cache if necessary."""
    try:
        return _is_ours() and os.access(user_cache.folder(_FOLDER), os.W_OK)
    except OSError:
        return False


def _is_ours() -> bool:
    """Return False for root with the home folder of another user, as after ``sudo -E``.

    The other user could not use files that root had created in the cache.
    """
    path = user_cache.place()
    if path is None or os.geteuid() != 0:
        return path is not None
    while not os.path.exists(path):  # noqa: PTH110 -- see user_cache
        path = os.path.dirname(path)  # noqa: PTH120 -- see user_cache
    return os.stat(path).st_uid == 0  # noqa: PTH116 -- see user_cache


def _store(name: str, contents: bytes) -> None:
    folder = user_cache.folder(_FOLDER)
    user_cache.write_whole(f"{folder}/{name}", [contents])
    with os.scandir(folder) as entries:
        files = sorted(entries, key=lambda one: one.stat().st_mtime, reverse=True)
    for old in files[_MOST_FILES:]:
        os.unlink(old)  # noqa: PTH108 -- see user_cache
