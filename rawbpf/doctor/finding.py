"""The result types of a check."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.kernel.hardware import Root

__all__ = ["Check", "Finding", "Result", "Status", "fail", "missing", "ok", "unknown", "warn"]


class Status(Enum):
    """The status of a finding. The report prints the value of the enum member."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    UNKNOWN = "unknown"
    MISSING = "optional"
    """The program is not installed, but `rawbpf kprobe` does not need it."""


class Finding(NamedTuple):
    """The result of a check: a status, the evidence for it, and a fix if there is a problem."""

    status: Status
    evidence: str
    fix: str = ""


def ok(evidence: str) -> Finding:
    """Return a finding that needs no action."""
    return Finding(Status.OK, evidence)


def warn(evidence: str, fix: str = "") -> Finding:
    """Return a finding that does not prevent tracing."""
    return Finding(Status.WARN, evidence, fix)


def fail(evidence: str, fix: str) -> Finding:
    """Return a finding that prevents tracing."""
    return Finding(Status.FAIL, evidence, fix)


def unknown(evidence: str, fix: str = "") -> Finding:
    """Return a finding about a fact that this process cannot determine."""
    return Finding(Status.UNKNOWN, evidence, fix)


def missing(evidence: str, fix: str = "") -> Finding:
    """Return a finding about a missing component that `rawbpf kprobe` does not need."""
    return Finding(Status.MISSING, evidence, fix)


class Check(NamedTuple):
    """A check: its name in the report, and its function."""

    name: str
    look: Callable[[Root], Finding]


class Result(NamedTuple):
    """The name and finding of a completed check."""

    name: str
    finding: Finding
