"""What the kernel is, and what was built into it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rawbpf.arch import native
from rawbpf.doctor.finding import fail, ok, warn
from rawbpf.errors import UnsupportedError
from rawbpf.kernel.btf import btf_modules, vmlinux_btf
from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.file_systems import tracefs
from rawbpf.kernel.hardware import online_cpus, pmu_format_bit, pmu_type, possible_cpus
from rawbpf.kernel.permission import denied_by_memlock
from rawbpf.kernel.rights import bpf_jit_enable, missing_capabilities
from rawbpf.kernel.version import MINIMUM, bpf_counts_as_locked, kernel_version, memlock_limit

if TYPE_CHECKING:
    from rawbpf.doctor.finding import Finding
    from rawbpf.kernel.files import Root

__all__ = ["btf", "jit", "kernel", "kprobes", "machine", "memlock", "trace_file_system"]

GUEST = "trace a throwaway kernel instead: `rawbpf guest kprobe do_sys_openat2 -d 3`"


def kernel(root: Root) -> Finding:
    """The version, at least 5.8."""
    version = kernel_version(root=root)
    if version >= MINIMUM:
        return ok(f"Linux {version}")
    return fail(f"Linux {version} is older than {MINIMUM}", GUEST)


def machine(root: Root) -> Finding:
    """The architecture, whose system call numbers we must know, and the CPUs."""
    online, possible = len(online_cpus(root)), len(possible_cpus(root))
    return ok(f"{native().machine}, {online} of {possible} possible CPUs online")


def btf(root: Root) -> Finding:
    """The kernel's types. `kprobe` does without; programs that read kernel structures do not."""
    path = vmlinux_btf(root)
    if path is None:
        return warn("the kernel does not describe its types (built without CONFIG_DEBUG_INFO_BTF)")
    size, modules = os.stat(path).st_size, len(btf_modules(root))  # noqa: PTH116 -- see files.at
    more = f", and of {modules} modules" if modules else ""
    return ok(f"/sys/kernel/btf/vmlinux, {size >> 10} kB{more}")


def kprobes(root: Root) -> Finding:
    """The PMU through which probes are placed."""
    try:
        return ok(
            f"the kprobe PMU has type {pmu_type('kprobe', root)}, "
            f"return probes bit {pmu_format_bit('kprobe', 'retprobe', root)}"
        )
    except UnsupportedError as error:
        evidence = f"{error.what}: {error.why}"
        options = "CONFIG_KPROBES", "CONFIG_KPROBE_EVENTS"
        off = [option for option in options if kernel_config(option, root) == "n"]
        if off:
            evidence = f"this kernel is built without {' and '.join(off)}"
        return fail(evidence, GUEST)


def trace_file_system(root: Root) -> Finding:
    """Not needed for tracing; `rawbpf list` learns there which functions are notrace."""
    place = tracefs(root)
    if place is not None:
        return ok(f"mounted on {place}")
    fix = "for a better `rawbpf list`: mount -t tracefs tracefs /sys/kernel/tracing"
    return warn("tracefs is not mounted (`kprobe` does not need it)", fix)


def memlock(root: Root) -> Finding:
    """Locked memory, where BPF counts against it. Tracing raises the limit if it may."""
    if not bpf_counts_as_locked(root):
        return ok("BPF memory counts against the cgroup, not against RLIMIT_MEMLOCK (since 5.11)")
    before = "BPF memory counts as locked before 5.11"
    reason = denied_by_memlock(root)
    if reason is None:
        limit = memlock_limit()
        return ok(f"{before}; the limit is {'none' if limit is None else f'{limit >> 20} MB'}")
    if not missing_capabilities({"CAP_SYS_RESOURCE"}, root):
        return ok(f"{before}; rawbpf raises the limit")
    return warn(reason.why, reason.fix)


def jit(root: Root) -> Finding:
    """Whether programs are compiled."""
    level = bpf_jit_enable(root)
    if level is None:
        return ok("net.core.bpf_jit_enable is for root to read")
    if level == 0:
        fix = "sudo sysctl net.core.bpf_jit_enable=1"
        return warn("programs are interpreted, which is slow (net.core.bpf_jit_enable = 0)", fix)
    return ok(f"programs are compiled (net.core.bpf_jit_enable = {level})")
