"""Our own memory at an address that may not be there.

What a system call's words point to is the caller's affair, and a caller can be wrong: then the
kernel answers EFAULT, and whoever only wanted to look must not crash. process_vm_readv(2) reads
what can be read of a process, ourselves included, and says how much that was.

This is not made through the gate: it serves those who watch the gate.

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
"""No look is longer than this: a million instructions have half of it."""

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
    """Up to ``size`` bytes; fewer, or none, where memory ends or reading it is not allowed."""
    size = min(size, LARGEST)
    if not 0 < address < 1 << 64 or size <= 0:
        return b""
    buffer = ctypes.create_string_buffer(size)
    count = _reader()(_Range(ctypes.addressof(buffer), size), _Range(address, size))
    return buffer.raw[: max(count, 0)]


def peek_text(address: int, longest: int = _LONGEST_TEXT) -> bytes:
    """The bytes up to a NUL, which is left out, or as far as can be read."""
    found, last = [], address + longest
    while address < last:
        room = _PAGE - address % _PAGE  # what is on the same page is all there
        piece = peek(address, min(room, last - address))
        text, end, _ = piece.partition(b"\0")
        found.append(text)
        address += len(piece)
        if end or not piece:
            break
    return b"".join(found)
