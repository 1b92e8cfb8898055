"""Load and unload kernel modules. `rawbpf guest --module` puts their files into the guest."""

import ctypes
import os

from rawbpf.arch import native
from rawbpf.guest.image.build import MODULES
from rawbpf.guest.inside.system import load_modules


def load_module(name: str) -> None:
    assert load_modules([f"{MODULES}/{name}.ko"])


def unload_module(name: str) -> None:
    """Unload a module. Raise OSError with EAGAIN if it is in use."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = native().syscalls["delete_module"]
    if libc.syscall(number, name.encode(), os.O_NONBLOCK) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
