"""Read this process's own memory at an address that may be invalid.

The arguments of a system call may contain invalid addresses. In that case, the kernel fails with
EFAULT, but an observer that only displays the memory must not crash. process_vm_readv(2) reads as
much of a process's memory as possible, including the memory of the calling process, and returns the
number of bytes read.

This call bypasses the gate, because observers of the gate use this function.

>>> import ctypes
>>> text = ctypes.create_string_buffer(b"do_exit")
>>> peek(ctypes.addressof(text), 4), peek_text(ctypes.addressof(text)), peek(8, 4)
(b'do_e', b'do_exit', b'')
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LARGEST", "peek", "peek_text"]

LARGEST = 1 << 24
"""The maximum size to read, which is twice the size of a program of a million instructions."""

_PAGE = 4096
_LONGEST_TEXT = 1 << 14


class _Range(ctypes.Structure):
    """struct iovec."""

    _fields_ = [("address", ctypes.c_uint64), ("length", ctypes.c_uint64)]


@cache
def _reader() -> Callable[[_Range, _Range], int]:
    call = ctypes.CDLL(None, use_errno=True).process_vm_readv
    pointer = ctypes.POINTER(_Range)
    call.argtypes = [ctypes.c_int, pointer, ctypes.c_ulong, pointer, ctypes.c_ulong, ctypes.c_ulong]
    call.restype = ctypes.c_ssize_t

    def read(local: _Range, remote: _Range) -> int:
        count: int = call(os.getpid(), ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)
        return count

    return read


def peek(address: int, size: int) -> bytes:
    """Return up to ``size`` bytes, or fewer if the memory ends or is not readable."""
    size = min(size, LARGEST)
    if not 0 < address < 1 << 64 or size <= 0:
        return b""
    buffer = ctypes.create_string_buffer(size)
    count = _reader()(_Range(ctypes.addressof(buffer), size), _Range(address, size))
    return buffer.raw[: max(count, 0)]


def peek_text(address: int, longest: int = _LONGEST_TEXT) -> bytes:
    """Return the bytes before the first NUL, or as many bytes as can be read."""
    found, last = [], address + longest
    while address < last:
        room = _PAGE - address % _PAGE  # a page is readable either as a whole or not at all
        piece = peek(address, min(room, last - address))
        text, end, _ = piece.partition(b"\0")
        found.append(text)
        address += len(piece)
        if end or not piece:
            break
    return b"".join(found)
