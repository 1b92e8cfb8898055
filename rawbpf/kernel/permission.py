"""EPERM and EACCES say no, and not why. This says why, from the facts.

Loading a tracing program and opening its probe can be refused for

- a user namespace: capabilities that do not count (EPERM);
- missing capabilities (EPERM from bpf(2), EACCES from the kprobe PMU);
- lockdown (EPERM);
- RLIMIT_MEMLOCK, before 5.11 (EPERM);
- a seccomp filter, as containers have (EPERM mostly);
- a security module (SELinux, AppArmor) or a vendor's own policy (EPERM or EACCES).

perf_event_paranoid binds those without CAP_PERFMON, who are stopped anyway; but kernels of Debian
and its kin know a level above 2 that stops everybody without CAP_SYS_ADMIN (EACCES).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.kernel.capabilities import (
    effective_capabilities,
    in_initial_user_namespace,
    missing_capabilities,
)
from rawbpf.kernel.container import container
from rawbpf.kernel.lockdown import lockdown_mode
from rawbpf.kernel.memlock import bpf_counts_as_locked, memlock_limit
from rawbpf.kernel.seccomp import filtered_by_seccomp
from rawbpf.kernel.sysctl import perf_event_paranoid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.kernel.files import Root

__all__ = [
    "TRACING_CAPABILITIES",
    "Refusal",
    "capabilities_refusal",
    "lockdown_refusal",
    "memlock_refusal",
    "nothing_known",
    "paranoid_refusal",
    "seccomp_refusal",
    "user_namespace_refusal",
    "why_refused",
]

TRACING_CAPABILITIES = ("CAP_BPF", "CAP_PERFMON")
"""What loading a tracing program takes (5.8); CAP_SYS_ADMIN has both in it."""

_GUEST = "or trace a throwaway kernel: `rawbpf guest` needs no rights"
_ENOUGH_LOCKED_MEMORY = 64 << 20


class Refusal(NamedTuple):
    """The ``why`` and the ``fix`` of an error."""

    why: str
    fix: str


def why_refused(root: Root = "/") -> Refusal:
    """The likeliest reason why bpf(2) or perf_event_open(2) answers EPERM or EACCES here.

    >>> why_refused("/nonexistent").why
    'this process lacks CAP_BPF and CAP_PERFMON'
    """
    for reason in _REASONS:
        if refusal := reason(root):
            return refusal
    return nothing_known()


def nothing_known() -> Refusal:
    """What is left when all that we know of would allow it."""
    return Refusal(
        "the kernel refused, although capabilities and lockdown would allow it",
        f"look for a security module's (SELinux, AppArmor) refusal in `dmesg`, {_GUEST}",
    )


def user_namespace_refusal(root: Root = "/") -> Refusal | None:
    """Capabilities that do not count."""
    if in_initial_user_namespace(root):
        return None
    return Refusal(
        "this process is in a user namespace, where capabilities do not count for tracing",
        f"run it outside (not in a rootless container or `unshare -U`), {_GUEST}",
    )


def capabilities_refusal(
    root: Root = "/", needed: Sequence[str] = TRACING_CAPABILITIES
) -> Refusal | None:
    """Capabilities that are missing."""
    missing = missing_capabilities(needed, root)
    if not missing:
        return None
    if engine := container(root):
        options = " ".join(f"--cap-add={name.removeprefix('CAP_')}" for name in missing)
        fix = f"give the {engine} container {options} (or --privileged), {_GUEST}"
    else:
        fix = f"run it with sudo, {_GUEST}"
    return Refusal(f"this process lacks {' and '.join(missing)}", fix)


def paranoid_refusal(root: Root = "/") -> Refusal | None:
    """A sysctl of Debian and Ubuntu that asks for more than upstream does."""
    level = perf_event_paranoid(root)
    if level is None or level <= 2 or "CAP_SYS_ADMIN" in effective_capabilities(root):
        return None
    why = f"perf_event_paranoid is {level}, with which this kernel wants CAP_SYS_ADMIN of everybody"
    return Refusal(why, f"run it with sudo, or set kernel.perf_event_paranoid to 2, {_GUEST}")


def lockdown_refusal(root: Root = "/") -> Refusal | None:
    """What the kernel refuses even to root."""
    mode = lockdown_mode(root)
    if mode in (None, "none"):
        return None
    why = f"the kernel is locked down ({mode})"
    if mode == "integrity":
        why += "; upstream kernels still allow kprobes then, this one seems not to"
    return Refusal(why, f"that is decided at boot (often by Secure Boot); {_GUEST[3:]}")


def memlock_refusal(root: Root = "/") -> Refusal | None:
    """Too little locked memory, where that counts."""
    limit = memlock_limit()
    if limit is None or limit >= _ENOUGH_LOCKED_MEMORY or not bpf_counts_as_locked(root):
        return None
    why = f"before Linux 5.11 BPF memory counts as locked, and the limit is {limit >> 10} kB"
    return Refusal(why, "raise it: `ulimit -l unlimited` as root")


def seccomp_refusal(root: Root = "/") -> Refusal | None:
    """A filter in front of the kernel."""
    if not filtered_by_seccomp(root):
        return None
    engine = container(root)
    where = f"the {engine} container" if engine else "this process"
    fix = f"start it with a profile that allows bpf and perf_event_open, {_GUEST}"
    return Refusal(f"a seccomp filter stands between {where} and the kernel", fix)


_REASONS = (
    user_namespace_refusal,
    capabilities_refusal,
    paranoid_refusal,
    lockdown_refusal,
    memlock_refusal,
    seccomp_refusal,
)
"""In the order in which the kernel would stumble over them."""
