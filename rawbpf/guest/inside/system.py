"""Set up the guest's file systems, loopback interface and modules.

Power it off.

This module runs in the guest as PID 1. At this point, the kernel has mounted only the initramfs,
and no network interface is up. Python has no function for mount(2), so libc's function is called.

finit_module(2) is called through syscall(2), because libc has no wrapper for it. The kernel loads a
module from the descriptor of an object file. finit_module(2) fails with ENOEXEC if the module was
built for another kernel ("disagrees about version of symbol" in the log), and with ENOENT if a
symbol from another module is missing ("Unknown symbol"). Distributions sign their modules, but
their kernels also load unsigned modules.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

from rawbpf.arch import native

__all__ = [
    "load_modules",
    "power_off",
    "prepare",
]

_LIBC = ctypes.CDLL(None, use_errno=True)

_FILE_SYSTEMS = (
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devtmpfs", "/dev"),
    ("devpts", "/dev/pts"),
    ("tmpfs", "/dev/shm"),
    ("tracefs", "/sys/kernel/tracing"),
    ("debugfs", "/sys/kernel/debug"),
    ("securityfs", "/sys/kernel/security"),
    ("bpf", "/sys/fs/bpf"),
    ("cgroup2", "/sys/fs/cgroup"),
)
_LINKS = (("/proc/self/fd", "/dev/fd"), ("/dev/fd/0", "/dev/stdin"),
          ("/dev/fd/1", "/dev/stdout"), ("/dev/fd/2", "/dev/stderr"))  # fmt: skip

_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914  # <linux/sockios.h>
_IFF_UP = 1
_RB_AUTOBOOT = 0x01234567  # <linux/reboot.h>; QEMU runs with -no-reboot, so a reboot ends QEMU


def prepare() -> None:
    """Mount the usual file systems, start the loopback interface, and set the host name."""
    for kind, place in _FILE_SYSTEMS:
        if place.startswith("/dev/"):
            os.makedirs(place, exist_ok=True)
        _mount(kind, place)
    for target, place in _LINKS:
        os.symlink(target, place)
    socket.sethostname("guest")
    _loopback_up()


def _mount(kind: str, place: str) -> None:
    options = b"ptmxmode=0666" if kind == "devpts" else None
    if _LIBC.mount(kind.encode(), place.encode(), kind.encode(), 0, options) != 0:
        number = ctypes.get_errno()
        # A kernel may lack one of these file systems. A missing file system is an error only if a
        # command needs it.
        print(f"guest: cannot mount {kind} on {place}: {os.strerror(number)}", flush=True)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0))
        (flags,) = struct.unpack_from("16xh", request)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def power_off() -> None:
    """Power off. This call does not return."""
    _LIBC.reboot(ctypes.c_int(_RB_AUTOBOOT))


def load_modules(paths: list[str]) -> bool:
    """Load module object files in the given order.

    If a module cannot be loaded, print the reason and return False.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    number = native().syscalls["finit_module"]
    for path in paths:
        with open(path, "rb") as file:
            if libc.syscall(number, file.fileno(), ctypes.c_char_p(b""), 0) != 0:
                why = os.strerror(ctypes.get_errno())
                print(f"cannot load module {path}: {why}", flush=True)
                return False
    return True
