"""``rawbpf doctor``: check whether this machine can be traced, and suggest fixes if it cannot."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rawbpf.cli.system.doctor_features import feature_line, feature_rows
from rawbpf.cli.terminal import write_lines
from rawbpf.doctor.examine import CHECKS, examine
from rawbpf.doctor.finding import Check, Finding, Result, Status, missing, ok

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rawbpf.cli.system.doctor_features import FeatureRow
    from rawbpf.kernel.hardware import Root

__all__ = ["USAGE", "run"]

USAGE = """Check whether this machine can be traced, and show how to fix what prevents it.

Usage:
  rawbpf doctor [options] [-v]...

Options:
  --features     Also list the BPF features of this kernel.
  --json         Print one JSON object.
  -v, --verbose  Print more detail to stderr.
  -h, --help     Show this help.

ok        nothing to do
warn      tracing works, but with a limitation
FAIL      `rawbpf kprobe` cannot run
unknown   this process cannot check the condition
optional  not installed, but needed only by other commands

The trial loads the program that `rawbpf kprobe` uses, opens its rings, creates a kprobe, and then
removes everything. Exit status: 0 if `rawbpf kprobe` can run on this machine, 1 otherwise.
"""


def run(arguments: dict[str, Any], checks: Sequence[Check] | None = None) -> int:
    """Run the checks and print a report. Return 1 if `rawbpf kprobe` cannot run on this machine."""
    results = examine(checks or (*CHECKS, _GUEST_KERNEL))
    features = feature_rows() if arguments["--features"] else []
    failed = [result.name for result in results if result.finding.status is Status.FAIL]
    if arguments["--json"]:
        write_lines([_json(results, features, can_trace=not failed)])
    else:
        _report(results, features)
        write_lines([_verdict(failed)])
    return 1 if failed else 0


def _guest_kernel(_: Root) -> Finding:
    """List the kernels that `rawbpf guest` can boot without a download."""
    from rawbpf.guest.kernels.choice import cached

    releases = [kernel.release for kernel in cached()]
    if releases:
        return ok(", ".join(releases))
    return missing(
        "the cache contains no kernel for `rawbpf guest`",
        "`rawbpf guest` downloads a kernel when needed",
    )


# Defined here because rawbpf.doctor must not import rawbpf.guest.
_GUEST_KERNEL = Check("guest kernel", _guest_kernel)


def _report(results: Sequence[Result], features: Sequence[FeatureRow]) -> None:
    """Print a coloured table on a terminal, and one line per result otherwise."""
    if sys.stdout is not None and sys.stdout.isatty():
        from rawbpf.cli.system.doctor_tables import show_tables

        show_tables(results, features)
    else:
        write_lines([*_lines(results), *map(feature_line, features), ""])


def _lines(results: Iterable[Result]) -> Iterator[str]:
    for name, (status, evidence, fix) in results:
        yield f"{status.value:<8}  {name:<12}  {evidence}" + (f"; {fix}" if fix else "")


def _verdict(failed: Sequence[str]) -> str:
    if not failed:
        return "`rawbpf kprobe` can run here. Try: rawbpf kprobe do_sys_openat2 -d 3"
    return (
        f"`rawbpf kprobe` cannot run here ({', '.join(failed)}). "
        "To run without root, use a virtual machine: rawbpf guest kprobe do_sys_openat2 -d 3"
    )


def _json(results: Iterable[Result], features: Iterable[FeatureRow], *, can_trace: bool) -> str:
    from json import dumps

    checks = [
        {"name": name, "status": status.value.lower(), "evidence": evidence, "fix": fix}
        for name, (status, evidence, fix) in results
    ]
    report: dict[str, Any] = {"can_trace": can_trace, "checks": checks}
    rows = [row._asdict() for row in features]
    return dumps(report | {"features": rows} if rows else report, indent=2)
