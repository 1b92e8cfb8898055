"""Modules into and out of the running kernel. `rawbpf guest --module` leaves their files there."""

import ctypes
import os

from rawbpf.arch import native
from rawbpf.guest.image.build import MODULES
from rawbpf.guest.inside.modules import load_modules


def load_module(name: str) -> None:
    assert load_modules([f"{MODULES}/{name}.ko"])


def unload_module(name: str) -> None:
    """OSError with EAGAIN: somebody uses it."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = native().syscalls["delete_module"]
    if libc.syscall(number, name.encode(), os.O_NONBLOCK) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
