"""Run checks, and let nothing that they meet end the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.doctor.finding import Finding, Result, fail
from rawbpf.errors import RawbpfError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.doctor.finding import Check
    from rawbpf.kernel.files import Root

__all__ = ["examine"]


def examine(checks: Iterable[Check], root: Root = "/") -> list[Result]:
    """A result for each check. Advice that was given before is not repeated."""
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
    """A fact that cannot even be read is a failure, with that reason."""
    try:
        return check.look(root)
    except RawbpfError as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
        return fail(why, error.fix or "")
