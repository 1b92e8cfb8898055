"""Explain EPERM and EACCES, which do not reveal the reason why a call was denied.

The following may deny loading a tracing program and opening its probe:

- a user namespace, where capabilities are not valid for bpf(2) (EPERM)
- missing capabilities (EPERM from bpf(2), EACCES from the kprobe PMU)
- lockdown (EPERM)
- RLIMIT_MEMLOCK before 5.11 (EPERM)
- a seccomp filter of a container engine (mostly EPERM)
- a security module (SELinux, AppArmor) or a vendor's own policy (EPERM or EACCES)

kernel.perf_event_paranoid restricts only processes without CAP_PERFMON, which could not trace
anyway. Debian and Ubuntu define a level above 2, at which perf_event_open(2), but not bpf(2), fails
with EACCES for processes without CAP_SYS_ADMIN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.kernel.needs import required
from rawbpf.kernel.rights import (
    container,
    effective_capabilities,
    filtered_by_seccomp,
    in_initial_user_namespace,
    lockdown_mode,
    missing_capabilities,
    perf_event_paranoid,
)
from rawbpf.kernel.version import bpf_counts_as_locked, memlock_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.kernel.hardware import Root

__all__ = [
    "TRACING_CAPABILITIES",
    "Reason",
    "denied_by_capabilities",
    "denied_by_lockdown",
    "denied_by_memlock",
    "denied_by_paranoid",
    "denied_by_seccomp",
    "denied_by_user_namespace",
    "unknown_reason",
    "why_denied",
]

TRACING_CAPABILITIES = required("kprobe")
"""The capabilities that loading a tracing program requires (5.8). CAP_SYS_ADMIN includes both."""

_GUEST = "or use a virtual machine: `rawbpf guest` needs no root"
_ENOUGH_LOCKED_MEMORY = 64 << 20


class Reason(NamedTuple):
    """The ``why`` and ``fix`` of an error: why a call was denied, and how to fix it."""

    why: str
    fix: str


def why_denied(root: Root = "/", *, call: str = "bpf") -> Reason:
    """Return why ``call``, which is bpf or perf_event_open, fails with EPERM or EACCES.

    A single reason is given only if it suffices to deny the call. If no reason suffices, all
    possible reasons are listed.

    >>> why_denied("/nonexistent").why
    'this process lacks CAP_BPF and CAP_PERFMON'
    """
    for check in _SUFFICIENT[call]:
        if reason := check(root):
            return reason
    possible = [reason for check in _POSSIBLE[call] if (reason := check(root))]
    if not possible:
        return unknown_reason()
    whys = [f"possibly because {reason.why}" for reason in possible]
    return Reason(
        " or ".join([*whys, "because a security module (SELinux, AppArmor) denied it"]),
        possible[0].fix,
    )


def unknown_reason() -> Reason:
    """Return the reason to report if none of the known reasons applies."""
    return Reason(
        "the kernel denied the operation, although capabilities and lockdown permit it",
        f"check `dmesg` for a denial by SELinux or AppArmor, {_GUEST}",
    )


def denied_by_user_namespace(root: Root = "/") -> Reason | None:
    """Return a reason if this process is not in the initial user namespace."""
    if in_initial_user_namespace(root):
        return None
    return Reason(
        "this process is in a user namespace, whose capabilities are not valid for tracing",
        f"run the command outside the namespace (a rootless container or `unshare -U`), {_GUEST}",
    )


def denied_by_capabilities(
    root: Root = "/", needed: Sequence[str] = TRACING_CAPABILITIES
) -> Reason | None:
    """Return a reason if one of the ``needed`` capabilities is missing."""
    missing = missing_capabilities(needed, root)
    if not missing:
        return None
    if engine := container(root):
        options = " ".join(f"--cap-add={name.removeprefix('CAP_')}" for name in missing)
        fix = f"start the {engine} container with {options} (or --privileged), {_GUEST}"
    else:
        fix = f"run the command with sudo, {_GUEST}"
    return Reason(f"this process lacks {' and '.join(missing)}", fix)


def denied_by_paranoid(root: Root = "/") -> Reason | None:
    """Return a reason if perf_event_paranoid is at a level that only Debian and Ubuntu define."""
    level = perf_event_paranoid(root)
    if level is None or level <= 2 or "CAP_SYS_ADMIN" in effective_capabilities(root):
        return None
    why = f"perf_event_paranoid is {level}, which requires CAP_SYS_ADMIN on this kernel"
    return Reason(
        why, f"run the command with sudo, or set kernel.perf_event_paranoid to 2, {_GUEST}"
    )


def denied_by_lockdown(root: Root = "/") -> Reason | None:
    """Return a reason if the kernel is locked down."""
    mode = lockdown_mode(root)
    if mode in (None, "none"):
        return None
    why = f"the kernel is locked down ({mode})"
    if mode == "integrity":
        why += "; upstream kernels allow kprobes in this mode, but this kernel does not seem to"
    return Reason(why, f"the lockdown mode is set at boot (often by Secure Boot); {_GUEST[3:]}")


def denied_by_memlock(root: Root = "/") -> Reason | None:
    """Return a reason if RLIMIT_MEMLOCK is low and this kernel charges BPF objects to it."""
    limit = memlock_limit()
    if limit is None or limit >= _ENOUGH_LOCKED_MEMORY or not bpf_counts_as_locked(root):
        return None
    why = f"before 5.11, BPF memory is charged to RLIMIT_MEMLOCK, which is {limit >> 10} kB"
    return Reason(why, "raise the limit as root: ulimit -l unlimited")


def denied_by_seccomp(root: Root = "/") -> Reason | None:
    """Return a reason if a seccomp filter is active."""
    if not filtered_by_seccomp(root):
        return None
    engine = container(root)
    where = f"the {engine} container" if engine else "this process"
    fix = f"start the command with a seccomp profile that allows bpf and perf_event_open, {_GUEST}"
    return Reason(f"a seccomp filter restricts the system calls of {where}", fix)


def _locked_down(root: Root) -> Reason | None:
    """Return a reason if the kernel's lockdown mode prevents reading its memory."""
    return denied_by_lockdown(root) if lockdown_mode(root) == "confidentiality" else None


_SUFFICIENT = {
    "bpf": (denied_by_user_namespace, denied_by_capabilities),
    "perf_event_open": (
        denied_by_user_namespace,
        denied_by_capabilities,
        denied_by_paranoid,
        _locked_down,
    ),
}
"""Checks for conditions that suffice to deny a call, in the order in which they are tested."""

_POSSIBLE = {
    "bpf": (denied_by_lockdown, denied_by_memlock, denied_by_seccomp),
    "perf_event_open": (denied_by_lockdown, denied_by_seccomp),
}
"""Checks for conditions that may have denied a call, although the kernel does not say so."""
