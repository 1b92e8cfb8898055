"""A row of the tables of reasons: when a call is made for it, and the sentence that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.narration.look import Look

__all__ = ["Reason", "always"]


class Reason(NamedTuple):
    """``when`` holds, ``sentence`` is true. Names in braces are attributes of a Look.

    ``key``: a command of bpf(2), another call, or the end of a command's name, as GET_NEXT_ID.
    """

    key: str
    when: Callable[[Look], bool]
    sentence: str


def always(_: Look) -> bool:
    """For the last row of a key: whatever the others did not take."""
    return True
