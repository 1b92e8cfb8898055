"""The outcomes of the commands in a test run, and of the whole run.

pytest ends with a line such as ``3 failed, 97 passed, 1 skipped in 12.34s``. The numbers from all
such lines are added up.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

__all__ = ["Outcome", "closing_line", "counts", "summary"]

_KINDS = ("failed", "passed", "skipped", "xfailed", "xpassed", "errors")
_COUNT = re.compile(r"(\d+) (failed|passed|skipped|xfailed|xpassed|errors?|deselected|warnings?)\b")
_CLOSING = re.compile(r"^=*\s*(?:\d+ \w+,? ?)+in [\d.]+s\b|^=*\s*no tests ran in ", re.MULTILINE)


class Outcome(NamedTuple):
    """The outcome of one command: name, success, pytest's counts, seconds, and a remark."""

    name: str
    good: bool
    counts: dict[str, int]
    seconds: float
    remark: str = ""


def counts(output: str) -> dict[str, int] | None:
    """Return the counts in pytest's closing line, or None if the output has no such line.

    >>> counts("..F\\n1 failed, 2 passed in 0.12s\\n")
    {'failed': 1, 'passed': 2}
    >>> counts("Traceback ...") is None
    True
    """
    closing = None
    for line in output.splitlines():
        closing = line if _CLOSING.match(line) else closing
    if closing is None:
        return None
    plural = {"error": "errors"}
    found = {plural.get(kind, kind): int(number) for number, kind in _COUNT.findall(closing)}
    return {kind: number for kind, number in found.items() if kind in _KINDS}


def summary(outcomes: list[Outcome]) -> str:
    """Return the summary of a run, one line per command."""
    width = max(len(outcome.name) for outcome in outcomes)
    return "\n".join(
        f"{'ok    ' if outcome.good else 'FAILED'}  {outcome.name:<{width}}  "
        f"{outcome.seconds:5.0f} s  {_told(outcome.counts)}{outcome.remark}".rstrip()
        for outcome in outcomes
    )


def closing_line(outcomes: list[Outcome], seconds: float) -> str:
    """Return a line like pytest's closing line, with the counts of all commands added up.

    A failed command without failed tests counts as one failed test.

    >>> closing_line([Outcome("a", True, {"passed": 2}, 1), Outcome("b", False, {}, 1)], 2.5)
    '1 failed, 2 passed in 2.50s'
    """
    total: Counter[str] = Counter()
    for outcome in outcomes:
        total.update(outcome.counts)
        if not outcome.good and not outcome.counts.get("failed", 0) + outcome.counts.get(
            "errors", 0
        ):
            total["failed"] += 1
    return f"{_told(total) or 'no tests ran'} in {seconds:.2f}s"


def _told(found: dict[str, int]) -> str:
    return ", ".join(f"{found[kind]} {kind}" for kind in _KINDS if found.get(kind))
