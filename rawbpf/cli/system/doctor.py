"""``rawbpf doctor``: can this machine be traced, and what to do if not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rawbpf.cli.system.doctor_features import feature_line, feature_rows
from rawbpf.cli.terminal import write_lines
from rawbpf.doctor.checks import CHECKS
from rawbpf.doctor.examine import examine
from rawbpf.doctor.finding import Check, Finding, Result, Status, ok

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rawbpf.cli.system.doctor_features import FeatureRow
    from rawbpf.kernel.files import Root

__all__ = ["USAGE", "run"]

USAGE = """Check what this machine needs for tracing: evidence, and the fix for what is missing.

Usage:
  rawbpf doctor [options] [-v]...

Options:
  --features     Also list what BPF features this kernel has.
  --json         One JSON object, for programs.
  -v, --verbose  Say more on stderr.
  -h, --help     Show this.

ok        it is as it should be
warn      it works, and you may want to know
FAIL      `rawbpf kprobe` cannot work like this
optional  not there; other commands use it

The last checks try it: they load the program of `rawbpf kprobe`, open its rings and place a probe,
and undo all of it at once. Exit status: 0 if `rawbpf kprobe` can run here, 1 if not.
"""


def run(arguments: dict[str, Any], checks: Sequence[Check] | None = None) -> int:
    """Examine, report, and say by the exit status whether tracing works here."""
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
    """The kernels that `rawbpf guest` could boot at once."""
    from rawbpf.guest.kernels.choice import cached

    releases = [kernel.release for kernel in cached()]
    if releases:
        return ok(", ".join(releases))
    fix = "`rawbpf guest` fetches one when it is first used"
    return Finding(Status.MISSING, "no kernel for `rawbpf guest` in the cache", fix)


# Here and not in rawbpf.doctor: that and rawbpf.guest do not know of each other.
_GUEST_KERNEL = Check("guest kernel", _guest_kernel)


def _report(results: Sequence[Result], features: Sequence[FeatureRow]) -> None:
    """Coloured columns on a terminal, which is narrow; one line each everywhere else."""
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
        "A throwaway kernel needs no rights: rawbpf guest kprobe do_sys_openat2 -d 3"
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
