"""What a probe answers, and the one way from an attempt to an answer."""

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
"""How bpf(2) answers to what it has never heard of, or was built without."""


class Outcome(Enum):
    """The value is what a table shows."""

    YES = "yes"
    NO = "no"
    UNSURE = "?"


class Answer(NamedTuple):
    """An outcome and what it rests on."""

    outcome: Outcome
    evidence: str


def attempt(
    what: str,
    make: Callable[[], Fd],
    *,
    no: Collection[int] = UNKNOWN_TO_KERNEL,
    yes: Collection[int] = (),
) -> Answer:
    """Make it and throw it away. An errno in ``no`` is a no, one in ``yes`` proves it, too.

    Any other errno (EPERM, most of all) says nothing about the feature.
    """
    try:
        make().close()
    except KernelError as error:
        number = error.errno or 0
        outcomes = dict.fromkeys(no, Outcome.NO) | dict.fromkeys(yes, Outcome.YES)
        return Answer(outcomes.get(number, Outcome.UNSURE), f"{what}: {errno_name(number)}")
    return Answer(Outcome.YES, f"{what}: it can")
