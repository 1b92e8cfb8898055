"""One check for each fact about the kernel, this process and the installed programs."""

from __future__ import annotations

import os
from shutil import which
from typing import TYPE_CHECKING

from rawbpf.arch import native
from rawbpf.doctor.finding import fail, missing, ok, unknown, warn
from rawbpf.errors import UnsupportedError
from rawbpf.kernel.btf import btf_modules, vmlinux_btf
from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.file_systems import mounted, tracefs
from rawbpf.kernel.hardware import online_cpus, pmu_format_bit, pmu_type, possible_cpus
from rawbpf.kernel.kallsyms import read_kallsyms
from rawbpf.kernel.permission import (
    TRACING_CAPABILITIES,
    denied_by_capabilities,
    denied_by_lockdown,
    denied_by_memlock,
    denied_by_paranoid,
    denied_by_seccomp,
    denied_by_user_namespace,
)
from rawbpf.kernel.rights import (
    bpf_jit_enable,
    container,
    kptr_restrict,
    lockdown_mode,
    missing_capabilities,
    perf_event_paranoid,
    unprivileged_bpf_disabled,
)
from rawbpf.kernel.version import MINIMUM, bpf_counts_as_locked, kernel_version, memlock_limit
from rawbpf.source.c.clang import find_clang

if TYPE_CHECKING:
    from rawbpf.doctor.finding import Finding
    from rawbpf.kernel.hardware import Root

__all__ = [
    "btf",
    "capabilities",
    "clang",
    "jit",
    "kernel",
    "kernel_addresses",
    "kprobes",
    "lockdown",
    "machine",
    "memlock",
    "perf",
    "qemu",
    "sandbox",
    "trace_file_system",
    "unprivileged_bpf",
]

_GUEST = "trace in a virtual machine: `rawbpf guest kprobe do_sys_openat2 -d 3`"


def kernel(root: Root) -> Finding:
    """Check that the kernel is not too old."""
    version = kernel_version(root=root)
    if version >= MINIMUM:
        return ok(f"Linux {version}")
    return fail(f"Linux {version} is older than {MINIMUM.major}.{MINIMUM.minor}", _GUEST)


def machine(root: Root) -> Finding:
    """Check that rawbpf supports the architecture, and count the CPUs."""
    online, possible = len(online_cpus(root)), len(possible_cpus(root))
    return ok(f"{native().machine}, {online} of {possible} possible CPUs online")


def capabilities(root: Root) -> Finding:
    """Check for CAP_BPF and CAP_PERFMON in the initial user namespace."""
    reason = denied_by_user_namespace(root) or denied_by_capabilities(root)
    if reason is not None:
        return fail(*reason)
    return ok(f"this process has {' and '.join(TRACING_CAPABILITIES)}")


def sandbox(root: Root) -> Finding:
    """Look for signs of a container and for a seccomp filter.

    The trial run shows whether a container or seccomp filter actually prevents tracing.
    """
    reason = denied_by_seccomp(root)
    if reason is not None:
        return warn(*reason)
    engine = container(root)
    return ok(f"{f'in a {engine} container' if engine else 'no container'}, no seccomp filter")


def lockdown(root: Root) -> Finding:
    """Check the lockdown mode, which restricts even root."""
    mode = lockdown_mode(root)
    if mode is None:
        return _unknown_lockdown(root)
    if mode == "none":
        return ok("the kernel is not locked down")
    if mode == "integrity":
        return warn("the kernel is locked down (integrity); the trial below shows the effect")
    reason = denied_by_lockdown(root)
    return fail(*reason) if reason else ok(f"lockdown mode {mode}")


def _unknown_lockdown(root: Root) -> Finding:
    if kernel_config("CONFIG_SECURITY_LOCKDOWN_LSM", root) == "n":
        return ok("this kernel was built without lockdown")
    if mounted("securityfs", root) is None:
        fix = "mount -t securityfs securityfs /sys/kernel/security"
        return unknown("lockdown state unknown (securityfs is not mounted)", fix)
    return unknown("lockdown state unknown (no /sys/kernel/security/lockdown)")


def kprobes(root: Root) -> Finding:
    """Check for the kprobe PMU, which is needed to create probes."""
    try:
        return ok(
            f"kprobe PMU type {pmu_type('kprobe', root)}, "
            f"retprobe bit {pmu_format_bit('kprobe', 'retprobe', root)}"
        )
    except UnsupportedError as error:
        evidence = f"{error.what}: {error.why}"
        options = "CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS"
        off = [option for option in options if kernel_config(option, root) == "n"]
        if off:
            evidence = f"this kernel was built without {' and '.join(off)}"
        return fail(evidence, _GUEST)


def perf(root: Root) -> Finding:
    """Check kernel.perf_event_paranoid. Even at level -1, kprobes require CAP_PERFMON."""
    level = perf_event_paranoid(root)
    if level is None:
        return fail(
            "this kernel does not support perf events (kernel.perf_event_paranoid is missing)",
            _GUEST,
        )
    reason = denied_by_paranoid(root)
    if reason is not None:
        return fail(*reason)
    needed = "CAP_PERFMON" if level <= 2 else "CAP_SYS_ADMIN"
    return ok(f"kprobes require {needed} (kernel.perf_event_paranoid = {level})")


def unprivileged_bpf(root: Root) -> Finding:
    """Check kernel.unprivileged_bpf_disabled, because bpf(2) without CAP_BPF is a security risk."""
    level = unprivileged_bpf_disabled(root)
    if level is None:
        return fail(
            "this kernel does not support bpf(2) (kernel.unprivileged_bpf_disabled is missing)",
            _GUEST,
        )
    if level == 0:
        return warn(
            "any user may load programs of some types (kernel.unprivileged_bpf_disabled = 0)",
            "sudo sysctl kernel.unprivileged_bpf_disabled=2",
        )
    return ok(f"bpf(2) requires CAP_BPF (kernel.unprivileged_bpf_disabled = {level})")


def jit(root: Root) -> Finding:
    """Check whether the kernel compiles programs (JIT)."""
    level = bpf_jit_enable(root)
    if level is None:
        return unknown("JIT state unknown (only root can read net.core.bpf_jit_enable)")
    if level == 0:
        fix = "sudo sysctl net.core.bpf_jit_enable=1"
        return warn("programs are interpreted, which is slow (net.core.bpf_jit_enable = 0)", fix)
    return ok(f"programs are JIT-compiled (net.core.bpf_jit_enable = {level})")


def memlock(root: Root) -> Finding:
    """Check RLIMIT_MEMLOCK on kernels before 5.11.

    Tracing commands raise the limit if they have permission to do so.
    """
    if not bpf_counts_as_locked(root):
        return ok("BPF memory is charged to the memory cgroup (Linux 5.11 or newer)")
    before = "before 5.11, BPF memory is charged to RLIMIT_MEMLOCK"
    reason = denied_by_memlock(root)
    if reason is None:
        limit = memlock_limit()
        return ok(f"{before}, which is {'unlimited' if limit is None else f'{limit >> 20} MB'}")
    if not missing_capabilities({"CAP_SYS_RESOURCE"}, root):
        return ok(f"{before}, which rawbpf raises")
    return warn(*reason)


def kernel_addresses(root: Root) -> Finding:
    """Check whether kallsyms shows addresses.

    `list` and stack traces need addresses, but probes do not.
    """
    level = kptr_restrict(root)
    try:
        hidden = read_kallsyms(root).hidden
    except UnsupportedError as error:
        evidence = f"{error.what}: {error.why}; rawbpf cannot suggest function names"
        return warn(evidence, error.fix or "")
    if not hidden:
        return ok(f"kernel addresses are visible (kernel.kptr_restrict = {level})")
    # At levels 0 and 1, addresses are visible to processes with CAP_SYSLOG; at level 0, they are
    # also visible if perf_event_paranoid is below 2.
    fix = (
        "sudo sysctl kernel.kptr_restrict=1"
        if level == 2
        else ("run the command with CAP_SYSLOG (sudo)")
    )
    return warn(f"kernel addresses are hidden (kernel.kptr_restrict = {level})", fix)


def trace_file_system(root: Root) -> Finding:
    """Check for tracefs, from which `rawbpf list` learns which functions cannot be traced."""
    place = tracefs(root)
    if place is not None:
        return ok(f"mounted at {place}")
    fix = "for `rawbpf list`: mount -t tracefs tracefs /sys/kernel/tracing"
    return warn("tracefs is not mounted (`rawbpf kprobe` does not need it)", fix)


def btf(root: Root) -> Finding:
    """Check for BTF, which programs that read kernel structures need."""
    path = vmlinux_btf(root)
    if path is None:
        return warn(
            "this kernel was built without CONFIG_DEBUG_INFO_BTF (`rawbpf kprobe` does not need it)"
        )
    size, modules = os.stat(path).st_size, len(btf_modules(root))  # noqa: PTH116 -- see files.at
    more = f", and BTF for {modules} modules" if modules else ""
    return ok(f"/sys/kernel/btf/vmlinux, {size >> 10} kB{more}")


def clang(_: Root) -> Finding:
    """Look for clang, which is needed to compile C programs."""
    try:
        return ok(find_clang())
    except UnsupportedError:
        return _not_installed("clang", "only for compiling C programs", "clang")


def qemu(_: Root) -> Finding:
    """Look for QEMU, which `rawbpf guest` needs."""
    try:
        emulator = native().qemu
    except UnsupportedError as error:
        return missing(f"`rawbpf guest` cannot run here: {error.what}")
    path = which(emulator.program)
    if path:
        return ok(path)
    return _not_installed(
        emulator.program, "only for `rawbpf guest`", emulator.packages["apt install"]
    )


def _not_installed(name: str, purpose: str, package: str) -> Finding:
    fix = f"on Debian and Ubuntu: sudo apt install {package}"
    return missing(f"{name} is not installed (needed {purpose})", fix)
