"""Determine this process's privileges: capabilities, container, seccomp, lockdown and sysctls.

- Capabilities: /proc/self/status shows the effective set as a mask, ``CapEff: 000001ffffffffff``.
  Loading a tracing program requires CAP_BPF and CAP_PERFMON (5.8), and CAP_SYS_ADMIN includes both.
- User namespaces: a capability is valid in the namespace that granted it. "root" in a rootless
  container has a full mask, but bpf(2) fails with EPERM, because it requires the capability in the
  *initial* namespace. The initial namespace has a fixed inode, 0xEFFFFFFD (PROC_USER_INIT_INO in
  include/linux/proc_ns.h).
- Containers share the host's kernel, and their root usually lacks the capabilities for tracing. No
  system call reports a container, but engines leave marks: podman and docker a file, systemd and
  LXC an environment variable of process 1 or a file in /run (systemd's "Container Interface").
- seccomp: container engines install a filter that lets bpf(2) and perf_event_open(2) fail with
  EPERM before they reach the kernel. /proc/self/status shows ``Seccomp: 2`` while a filter is
  active, but not what it blocks.
- Lockdown (5.4) denies actions even to root, usually because of Secure Boot. securityfs lists the
  modes with the current one in brackets: ``none [integrity] confidentiality``. *Integrity* protects
  the running kernel from changes; upstream kernels still allow kprobes. *Confidentiality* also
  denies reading kernel memory: kprobes, probe_read_kernel, perf, tracefs. Vendor kernels may deny
  more.
- kernel.kptr_restrict: 0 shows kernel addresses to all who may profile the kernel, 1 to holders of
  CAP_SYSLOG, 2 to nobody.
- kernel.perf_event_paranoid: -1 allows everything without capabilities; 0, 1 and 2 allow less and
  less. Processes with CAP_PERFMON are exempt from levels 0 to 2. Debian (3) and Ubuntu (4)
  have a further level.
- kernel.unprivileged_bpf_disabled (4.4): 0 lets every user call bpf(2); 1 requires CAP_BPF until
  reboot; 2 requires it until the value is changed (5.13).
- net.core.bpf_jit_enable: 0 interprets programs, 1 compiles them, 2 also logs the machine code.
  Only root can read this setting.

Sources: security/lockdown/lockdown.c, Documentation/admin-guide/sysctl/kernel.rst and net.rst.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from rawbpf.kernel.hardware import Root, at, read_bytes, read_text, sysctl
from rawbpf.uapi.capability import CAPABILITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "bpf_jit_enable",
    "container",
    "effective_capabilities",
    "filtered_by_seccomp",
    "in_initial_user_namespace",
    "kptr_restrict",
    "lockdown_mode",
    "missing_capabilities",
    "perf_event_paranoid",
    "unprivileged_bpf_disabled",
]

_IMPLIED_BY_SYS_ADMIN = frozenset({"CAP_BPF", "CAP_PERFMON"})
_PROC_USER_INIT_INO = 0xEFFFFFFD
_SECCOMP_MODE_FILTER = "2"


def effective_capabilities(root: Root = "/") -> frozenset[str]:
    """Return the names of the effective capabilities.

    Bits that are newer than the table are ignored.
    """
    found = re.search(
        r"^CapEff:\s*([0-9a-fA-F]{1,16})$", read_text(root, "/proc/self/status") or "", re.MULTILINE
    )
    mask = int(found[1], 16) if found else 0
    return frozenset(name for bit, name in enumerate(CAPABILITIES) if mask >> bit & 1)


def missing_capabilities(needed: Iterable[str], root: Root = "/") -> list[str]:
    """Return the ``needed`` capabilities that are not effective, sorted by name.

    CAP_SYS_ADMIN includes CAP_BPF and CAP_PERFMON. User namespaces are not considered (see
    ``in_initial_user_namespace``).
    """
    held = effective_capabilities(root)
    if "CAP_SYS_ADMIN" in held:
        held |= _IMPLIED_BY_SYS_ADMIN
    return sorted(set(needed) - held)


def in_initial_user_namespace(root: Root = "/") -> bool:
    """Return whether this process is in the initial user namespace, as bpf(2) requires.

    >>> in_initial_user_namespace("/nonexistent")   # a kernel without user namespaces
    True
    """
    try:
        link = os.readlink(at(root, "/proc/self/ns/user"))  # noqa: PTH115 -- see files.at
    except FileNotFoundError:
        return True
    return link == f"user:[{_PROC_USER_INIT_INO}]"


def container(root: Root = "/") -> str | None:
    """Return the container engine (such as ``docker``), or None outside a container.

    >>> container("/nonexistent") is None
    True
    """
    if note := read_text(root, "/run/systemd/container"):
        return note
    if read_bytes(root, "/run/.containerenv") is not None:
        return "podman"
    if read_bytes(root, "/.dockerenv") is not None:
        return "docker"
    environment = read_bytes(root, "/proc/1/environ") or b""
    found = re.search(rb"(?:^|\0)container=([\w-]+)", environment)
    return found[1].decode() if found else None


def filtered_by_seccomp(root: Root = "/") -> bool:
    """Return whether a seccomp filter is active for this process."""
    status = read_text(root, "/proc/self/status") or ""
    found = re.search(r"^Seccomp:\s*(\d)$", status, re.MULTILINE)
    return found is not None and found[1] == _SECCOMP_MODE_FILTER


def lockdown_mode(root: Root = "/") -> str | None:
    """Return the lockdown mode: ``none``, ``integrity`` or ``confidentiality``.

    Returns None if the mode is unknown, because securityfs is not mounted or not readable, or
    because the kernel is built without lockdown.
    """
    found = re.search(r"\[(\w+)\]", read_text(root, "/sys/kernel/security/lockdown") or "")
    return found[1] if found else None


def kptr_restrict(root: Root = "/") -> int | None:
    """Return kernel.kptr_restrict, or None if the kernel lacks it."""
    return sysctl("kernel/kptr_restrict", root)


def perf_event_paranoid(root: Root = "/") -> int | None:
    """Return kernel.perf_event_paranoid, or None if the kernel was built without perf."""
    return sysctl("kernel/perf_event_paranoid", root)


def unprivileged_bpf_disabled(root: Root = "/") -> int | None:
    """Return kernel.unprivileged_bpf_disabled, or None if the kernel was built without bpf(2)."""
    return sysctl("kernel/unprivileged_bpf_disabled", root)


def bpf_jit_enable(root: Root = "/") -> int | None:
    """Return net.core.bpf_jit_enable, or None if the file is missing or unreadable."""
    return sysctl("net/core/bpf_jit_enable", root)
