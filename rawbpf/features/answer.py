"""The result of a feature probe, and how it is derived from an attempt to use the feature."""

from __future__ import annotations

import errno
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import ENOTSUPP, KernelError, errno_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rawbpf.syscall.fd import Fd

__all__ = ["UNKNOWN_TO_KERNEL", "Answer", "Outcome", "attempt"]

UNKNOWN_TO_KERNEL = (errno.EINVAL, errno.E2BIG, errno.EOPNOTSUPP, ENOTSUPP)
"""The errnos with which bpf(2) fails if the kernel does not support a feature."""


class Outcome(Enum):
    """The possible outcomes of a probe. Tables print the value of the enum member."""

    YES = "yes"
    NO = "no"
    UNSURE = "?"


class Answer(NamedTuple):
    """An outcome, and the evidence for it."""

    outcome: Outcome
    evidence: str


def attempt(
    what: str,
    make: Callable[[], Fd],
    *,
    no: Collection[int] = UNKNOWN_TO_KERNEL,
    yes: Collection[int] = (),
) -> Answer:
    """Create an object with ``make``, close it, and return whether the kernel has the feature.

    An errno listed in ``no`` means that the kernel lacks the feature, and an errno listed in
    ``yes`` means that it has the feature. Any other errno, especially EPERM, leaves the outcome
    unknown.
    """
    try:
        make().close()
    except KernelError as error:
        number = error.errno or 0
        outcomes = dict.fromkeys(no, Outcome.NO) | dict.fromkeys(yes, Outcome.YES)
        return Answer(outcomes.get(number, Outcome.UNSURE), f"{what}: {errno_name(number)}")
    return Answer(Outcome.YES, f"{what}: works")
