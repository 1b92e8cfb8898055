"""The table of checks, and the code that runs the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.doctor import checks as facts
from rawbpf.doctor import trial
from rawbpf.doctor.finding import Check, Finding, Result, fail
from rawbpf.errors import RawbpfError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.kernel.hardware import Root

__all__ = ["CHECKS", "examine"]

CHECKS = (
    Check("kernel", facts.kernel),
    Check("machine", facts.machine),
    Check("capabilities", facts.capabilities),
    Check("sandbox", facts.sandbox),
    Check("lockdown", facts.lockdown),
    Check("kprobes", facts.kprobes),
    Check("perf", facts.perf),
    Check("bpf", facts.unprivileged_bpf),
    Check("jit", facts.jit),
    Check("memlock", facts.memlock),
    Check("symbols", facts.kernel_addresses),
    Check("tracefs", facts.trace_file_system),
    Check("BTF", facts.btf),
    Check("features", trial.missing_features),
    Check("trial: load", trial.load_and_read),
    Check("trial: probe", trial.place_a_probe),
    Check("clang", facts.clang),
    Check("QEMU", facts.qemu),
)
"""All checks in the order of the report: facts, the trial, and optional programs."""


def examine(checks: Iterable[Check], root: Root = "/") -> list[Result]:
    """Run checks and return their results.

    A suggested fix that has already been shown is not repeated.
    """
    results: list[Result] = []
    given: dict[str, str] = {}
    for check in checks:
        finding = _look(check, root)
        if finding.fix:
            first = given.setdefault(finding.fix, check.name)
            if first != check.name:
                finding = finding._replace(fix=f"see `{first}` above")
        results.append(Result(check.name, finding))
    return results


def _look(check: Check, root: Root) -> Finding:
    """Run one check.

    If an error such as a damaged file occurs, the check fails, with the error as the reason.
    """
    try:
        return check.look(root)
    except RawbpfError as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
        return fail(why, error.fix or "")
