"""The table of checks, in the order in which they are shown: facts, the trial, extras."""

from __future__ import annotations

from rawbpf.doctor import kernel_checks, rights_checks, tool_checks, trial
from rawbpf.doctor.finding import Check

__all__ = ["CHECKS"]

CHECKS = (
    Check("kernel", kernel_checks.kernel),
    Check("machine", kernel_checks.machine),
    Check("capabilities", rights_checks.capabilities),
    Check("sandbox", rights_checks.sandbox),
    Check("lockdown", rights_checks.lockdown),
    Check("kprobes", kernel_checks.kprobes),
    Check("perf", rights_checks.paranoid),
    Check("bpf", rights_checks.unprivileged),
    Check("jit", kernel_checks.jit),
    Check("memlock", kernel_checks.memlock),
    Check("symbols", rights_checks.kernel_addresses),
    Check("tracefs", kernel_checks.trace_file_system),
    Check("BTF", kernel_checks.btf),
    Check("features", trial.missing_features),
    Check("trial: load", trial.load_and_read),
    Check("trial: probe", trial.place_a_probe),
    Check("clang", tool_checks.clang),
    Check("QEMU", tool_checks.qemu),
)
