"""System call numbers, by the machine name that uname(2) reports.

Architectures number their calls apart: x86-64 kept its history, arm64 started afresh with the
generic table (asm-generic/unistd.h), which has no epoll_wait: epoll_pwait with a null signal mask
is the same call on both.

>>> SYSCALL_NR["x86_64"]["bpf"], SYSCALL_NR["aarch64"]["bpf"]
(321, 280)
"""

from __future__ import annotations

__all__ = ["SYSCALL_NR"]

_CALLS = ("bpf", "perf_event_open", "ioctl", "mmap", "munmap", "epoll_create1", "epoll_ctl",
          "epoll_pwait", "close", "capget", "capset")  # fmt: skip

SYSCALL_NR = {
    "x86_64": dict(zip(_CALLS, (321, 298, 16, 9, 11, 291, 233, 281, 3, 125, 126), strict=True)),
    "aarch64": dict(zip(_CALLS, (280, 241, 29, 222, 215, 20, 21, 22, 57, 90, 91), strict=True)),
}
