"""Who may trace here, and who may see what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.doctor.finding import fail, ok, warn
from rawbpf.doctor.kernel_checks import GUEST
from rawbpf.errors import UnsupportedError
from rawbpf.kernel.kallsyms import read_kallsyms
from rawbpf.kernel.permission import (
    TRACING_CAPABILITIES,
    denied_by_capabilities,
    denied_by_lockdown,
    denied_by_paranoid,
    denied_by_seccomp,
    denied_by_user_namespace,
)
from rawbpf.kernel.rights import (
    container,
    kptr_restrict,
    lockdown_mode,
    perf_event_paranoid,
    unprivileged_bpf_disabled,
)

if TYPE_CHECKING:
    from rawbpf.doctor.finding import Finding
    from rawbpf.kernel.files import Root

__all__ = ["capabilities", "kernel_addresses", "lockdown", "paranoid", "sandbox", "unprivileged"]


def capabilities(root: Root) -> Finding:
    """CAP_BPF and CAP_PERFMON, and in a namespace where they count."""
    reason = denied_by_user_namespace(root) or denied_by_capabilities(root)
    if reason is not None:
        return fail(*reason)
    return ok(f"this process has {' and '.join(TRACING_CAPABILITIES)}")


def sandbox(root: Root) -> Finding:
    """Containers and system call filters. Whether they stop us, the trial shows."""
    reason = denied_by_seccomp(root)
    if reason is not None:
        return warn(*reason)
    engine = container(root)
    return ok(f"in a {engine} container, without a system call filter" if engine else "none")


def lockdown(root: Root) -> Finding:
    """What the kernel refuses even to root."""
    mode = lockdown_mode(root)
    reason = denied_by_lockdown(root)
    if reason is None:
        unknown = "no lockdown known of (no /sys/kernel/security/lockdown)"
        return ok(unknown if mode is None else "the kernel is not locked down")
    if mode == "integrity":
        return warn("the kernel is locked down (integrity); the trial below shows if it matters")
    return fail(reason.why, reason.fix)


def kernel_addresses(root: Root) -> Finding:
    """Whether kallsyms shows addresses. Probes go by name, so only `list` and stacks want them."""
    level = kptr_restrict(root)
    try:
        hidden = read_kallsyms(root).hidden
    except UnsupportedError as error:
        return warn(f"{error.what}: {error.why}", "without them no near misses can be offered")
    if not hidden:
        return ok(f"kernel addresses are visible (kernel.kptr_restrict = {level})")
    # At level 0 and 1 CAP_SYSLOG shows them; at 0 a perf_event_paranoid below 2 would, too.
    fix = "sudo sysctl kernel.kptr_restrict=1" if level == 2 else "run it with CAP_SYSLOG (sudo)"
    return warn(f"kernel addresses are hidden (kernel.kptr_restrict = {level})", fix)


def paranoid(root: Root) -> Finding:
    """What perf asks of us."""
    level = perf_event_paranoid(root)
    if level is None:
        return fail("the kernel has no perf (no kernel.perf_event_paranoid)", GUEST)
    reason = denied_by_paranoid(root)
    if reason is not None:
        return fail(*reason)
    free = "CAP_PERFMON" if level <= 2 else "CAP_SYS_ADMIN"
    whom = "everybody" if level < 0 else f"holders of {free}"
    return ok(f"perf is open to {whom} (kernel.perf_event_paranoid = {level})")


def unprivileged(root: Root) -> Finding:
    """Whether bpf(2) is for everybody. Tracing never is; an open bpf(2) is a risk."""
    level = unprivileged_bpf_disabled(root)
    if level is None:
        return fail("the kernel has no bpf(2) (no kernel.unprivileged_bpf_disabled)", GUEST)
    if level == 0:
        return warn(
            "every user may load (simple) programs (kernel.unprivileged_bpf_disabled = 0)",
            "sudo sysctl kernel.unprivileged_bpf_disabled=2",
        )
    return ok(f"bpf(2) asks for CAP_BPF (kernel.unprivileged_bpf_disabled = {level})")
