"""The verifier's word on a program: a load only for the log, and nothing is left behind.

- With a log buffer that is too small even a *valid* program fails, with ENOSPC; EFAULT may mask it.
  So the buffer grows until the whole text fits, or ends at 16 MiB
- From 6.4 a log that does not fit keeps its tail (BPF_LOG_FIXED asks for the head), so that what is
  returned after the last try is its end, which says why
"""

from __future__ import annotations

import ctypes
import errno
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import KernelError
from rawbpf.programs.request import BPF_LOG_LEVEL1
from rawbpf.syscall import bpf

if TYPE_CHECKING:
    from rawbpf.programs.request import Request

__all__ = ["Verdict", "verify"]

_FIRST = 1 << 16
LARGEST = 1 << 24  # the kernel refuses more than UINT_MAX >> 2; 16 MiB hold any real log


class Verdict(NamedTuple):
    """``errno`` is 0 when the program was accepted; ``log`` "" when the kernel wrote none."""

    errno: int
    log: str

    @property
    def accepted(self) -> bool:
        """Whether the kernel would take it."""
        return not self.errno


def verify(request: Request, level: int = BPF_LOG_LEVEL1, largest: int = LARGEST) -> Verdict:
    """Load with a log of some level (bits of BPF_LOG_*) and close what comes of it."""
    size = _FIRST
    while True:
        buffer = ctypes.create_string_buffer(size)
        try:
            bpf.prog_load(request.attr(buffer, level), request.spec.name).close()
        except KernelError as error:
            number = error.errno or 0
            if number not in (errno.ENOSPC, errno.EFAULT) or size >= largest:
                return Verdict(number, _text(buffer))
            size *= 4
        else:
            return Verdict(0, _text(buffer))


def _text(buffer: ctypes.Array[ctypes.c_char]) -> str:
    return buffer.value.decode(errors="backslashreplace")
