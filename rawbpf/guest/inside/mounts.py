"""What an empty machine lacks: file systems, a network of its own, a name.

Runs in the guest as PID 1. The kernel has mounted nothing but the initramfs, and no network
interface is up. Python has no mount(2), so libc's is called.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

__all__ = ["power_off", "prepare"]

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
_RB_AUTOBOOT = 0x01234567  # <linux/reboot.h>; QEMU runs with -no-reboot, so this ends it


def prepare() -> None:
    """Mount what a system has mounted, bring the loopback interface up, take a name."""
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
        # A kernel may lack one of these; the console says so, and commands find out themselves.
        print(f"guest: cannot mount {kind} on {place}: {os.strerror(number)}", flush=True)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sh22x", b"lo", 0))
        (flags,) = struct.unpack_from("16xh", request)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def power_off() -> None:
    """End the machine; nothing after this runs."""
    _LIBC.reboot(ctypes.c_int(_RB_AUTOBOOT))
