"""Modules into the guest's kernel, by finit_module(2), which libc does not wrap.

The kernel takes an object file from a descriptor, checks that it was built for this very kernel
(ENOEXEC if not; "disagrees about version of symbol" in its log), and finds in others what it needs
(ENOENT: "Unknown symbol"). Distributions sign theirs; these kernels also take unsigned ones.
"""

from __future__ import annotations

import ctypes
import os

from rawbpf.arch import native

__all__ = ["load_modules"]


def load_modules(paths: list[str]) -> bool:
    """Load object files in this order. False when one is refused, which the console then says."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = native().syscalls["finit_module"]
    for path in paths:
        with open(path, "rb") as file:
            if libc.syscall(number, file.fileno(), ctypes.c_char_p(b""), 0) != 0:
                why = os.strerror(ctypes.get_errno())
                print(f"cannot load module {path}: {why}", flush=True)
                return False
    return True
