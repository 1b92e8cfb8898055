"""What a check returns."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.kernel.files import Root

__all__ = ["Check", "Finding", "Result", "Status", "fail", "ok", "warn"]


class Status(Enum):
    """How bad it is; the value is what people see."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    MISSING = "optional"
    """Not there, and only needed for something else."""


class Finding(NamedTuple):
    """A status, what it rests on, and what to do about it."""

    status: Status
    evidence: str
    fix: str = ""


def ok(evidence: str) -> Finding:
    """All is well."""
    return Finding(Status.OK, evidence)


def warn(evidence: str, fix: str = "") -> Finding:
    """It works, and somebody should know this."""
    return Finding(Status.WARN, evidence, fix)


def fail(evidence: str, fix: str) -> Finding:
    """It cannot work like this."""
    return Finding(Status.FAIL, evidence, fix)


class Check(NamedTuple):
    """A row of the table: a name for people, and the function that looks."""

    name: str
    look: Callable[[Root], Finding]


class Result(NamedTuple):
    """A check's name and what it found."""

    name: str
    finding: Finding
