"""Rules RB-E001 to RB-E005, which cover missing permissions."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.kernel.permission import (
    denied_by_capabilities,
    denied_by_memlock,
    denied_by_seccomp,
    denied_by_user_namespace,
    unknown_reason,
)
from rawbpf.kernel.rights import (
    lockdown_mode,
    missing_capabilities,
    unprivileged_bpf_disabled,
)
from rawbpf.refusals.rule import LOADS, RIGHTS, Found, Rule, of_process
from rawbpf.refusals.rules.map_sizes import plain_map
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.capability import NET_ADMIN, NET_ADMIN_MAPS, PERFMON
from rawbpf.uapi.map_sizes import SIZES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.refusals.failed_call import FailedCall

__all__ = ["RULES"]


_RETURN_0 = bytes.fromhex("b700000000000000 9500000000000000")
"""The smallest program: r0 = 0; exit."""


def _needed(call: FailedCall) -> Iterator[tuple[str, str]]:
    """Yield each capability that a call requires, and the reason why."""
    yield "CAP_BPF", f"{call.cmd.name} requires CAP_BPF"
    if call.cmd == bpf_cmd.BPF_PROG_LOAD:
        kind, name = call["prog_type"], call.name("prog_type")
        if kind in PERFMON:
            yield "CAP_PERFMON", f"{name} can read kernel memory, which requires CAP_PERFMON"
        if kind in NET_ADMIN:
            yield "CAP_NET_ADMIN", f"{name} changes the network, which requires CAP_NET_ADMIN"
    elif call.cmd == bpf_cmd.BPF_MAP_CREATE and call["map_type"] in NET_ADMIN_MAPS:
        yield "CAP_NET_ADMIN", f"maps of type {call.name('map_type')} require CAP_NET_ADMIN"


def _missing_capability(call: FailedCall) -> Found | None:
    needed = dict(_needed(call))
    lacking = missing_capabilities(needed)
    reason = denied_by_capabilities(needed=tuple(needed))
    if reason is None:
        return None
    known = [needed[name] for name in lacking]
    if call.cmd != bpf_cmd.BPF_PROG_LOAD and missing_capabilities(["CAP_PERFMON"]):
        # Report CAP_PERFMON as well, because a tracing program would fail again once CAP_BPF is
        # granted.
        known.append("a tracing program will also require CAP_PERFMON")
        reason = denied_by_capabilities(needed=(*needed, "CAP_PERFMON")) or reason
    if "CAP_BPF" in lacking and (level := unprivileged_bpf_disabled()):
        known.append(
            f"kernel.unprivileged_bpf_disabled is {level}, so nothing can be loaded without CAP_BPF"
        )
    return Found(reason.why, tuple(known), reason.fix)


def _locked_memory(call: FailedCall) -> Found | None:
    """Blame the limit only if the kernel accepts a smaller object of the same kind."""
    reason = denied_by_memlock()
    if reason is None:
        return None
    if call.cmd == bpf_cmd.BPF_MAP_CREATE:
        known = call["map_type"] in SIZES
        proven = known and call.accepts(**plain_map(call["map_type"]))
    else:
        proven = call.accepts(insns=_RETURN_0, insn_cnt=2)
    return Found(reason.why, change=reason.fix) if proven else None


def _seccomp_filter(call: FailedCall) -> Found | None:
    """Blame the filter only if the kernel never reads the call's arguments."""
    reason = denied_by_seccomp()
    if reason is None or not call.is_denied_unread():
        return None
    return Found(reason.why, change=reason.fix)


def _security_policy(_call: FailedCall) -> Found | None:
    mode = lockdown_mode()
    locked = (
        f"the kernel is locked down ({mode}), although upstream kernels still allow loading "
        "programs in this mode"
    )
    reason, memlock = unknown_reason(), denied_by_memlock()
    known = [] if mode in (None, "none") else [locked]
    if memlock is not None:
        known.append(f"another possible cause: {memlock.why}")
    return Found(reason.why, tuple(known), reason.fix)


RULES = (
    Rule(
        code="RB-E001",
        title="Capabilities of a user namespace do not count",
        calls=LOADS,
        errnos=RIGHTS,
        meaning=(
            "The creator of a user namespace has all capabilities inside it. bpf(2) requires "
            "capabilities in the initial user namespace, which the process does not have."
        ),
        reason=(
            "Anyone may create a user namespace, and BPF programs run in the kernel, which "
            "all namespaces share. From 6.9, a BPF token can delegate rights to a "
            "namespace; rawbpf does not use tokens."
        ),
        example="`unshare -Ur rawbpf load FILE`, or a rootless container.",
        explain=of_process(denied_by_user_namespace),
    ),
    Rule(
        code="RB-E002",
        title="A capability is missing",
        calls=LOADS,
        errnos=RIGHTS,
        meaning=(
            "Loading a program requires CAP_BPF (5.8). Programs that can read kernel "
            "memory, such as all tracing programs, also require CAP_PERFMON. Programs that "
            "change the network require CAP_NET_ADMIN. CAP_SYS_ADMIN includes CAP_BPF and "
            "CAP_PERFMON."
        ),
        reason=(
            "Programs run in the kernel, and the verifier that checks them is complex and "
            "has had bugs. Originally, any user could load socket filters; distributions "
            "now prevent this with kernel.unprivileged_bpf_disabled."
        ),
        example="`rawbpf load FILE`, run by an ordinary user.",
        explain=_missing_capability,
    ),
    Rule(
        code="RB-E003",
        title="The limit for locked memory is reached",
        calls=LOADS,
        errnos=(errno.EPERM, errno.ENOMEM),
        meaning=(
            "Before 5.11, maps and programs count as locked memory, and a user may lock "
            "only as much memory as RLIMIT_MEMLOCK allows, often 64 kB. Beyond this limit, "
            "the call fails with EPERM, as if a capability were missing."
        ),
        reason=(
            "Kernel memory cannot be paged out. From 5.11, BPF memory is charged to the "
            "cgroup instead. On older kernels, rawbpf raises the limit; without "
            "CAP_SYS_RESOURCE, it can raise the limit only up to the hard limit."
        ),
        example=(
            "On Linux 5.10, `ulimit -Hl 64` followed by a larger map, as a user with CAP_BPF only."
        ),
        explain=_locked_memory,
    ),
    Rule(
        code="RB-E004",
        title="A seccomp filter blocks the call",
        calls=LOADS,
        errnos=RIGHTS,
        meaning=(
            "A seccomp filter sees each system call before the kernel handles it, and "
            "may return an error instead. Container engines install a filter that makes "
            "bpf(2) fail with "
            "EPERM."
        ),
        reason=(
            "Containers share the kernel with the host, so their system calls are limited "
            "to what ordinary programs need. No capability overrides a seccomp filter."
        ),
        example="`docker run` with the default profile and individually added capabilities.",
        explain=_seccomp_filter,
    ),
    Rule(
        code="RB-E005",
        title="A security module or a vendor policy blocks the call",
        calls=LOADS,
        errnos=RIGHTS,
        meaning=(
            "The capabilities are sufficient, and neither a limit nor a seccomp filter can be "
            "shown to be the cause. The remaining candidates are security modules, which the "
            "kernel consults last (security_bpf, security_bpf_prog_load): SELinux, AppArmor, a BPF "
            "program at an LSM hook, or a policy that a vendor built into the kernel."
        ),
        reason=(
            "Capabilities determine what a process can do; a policy determines what the "
            "process should do. More details are available only in the policy's log."
        ),
        example="SELinux with a domain that lacks `bpf { prog_load }`.",
        explain=_security_policy,
    ),
)
