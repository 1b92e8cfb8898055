"""A rule: one reason for which the kernel refuses a call without a log.

A file in ``rules/`` holds one, as ``RULE``; nothing else needs to be told about it. ``explain``
gets what was asked (`Asked`) and says what is wrong with it, or None: not my reason. Rules are
asked in the order of their codes, those for this call and errno alone. A rule that may be asked
where it is not the reason has to be sure: it knows by the numbers, or has tried it
(``asked.accepts``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rawbpf.kernel.permission import Reason
    from rawbpf.refusals.asked import Asked
    from rawbpf.uapi.bpf import bpf_cmd

__all__ = ["Found", "Rule", "of_process"]


class Found(NamedTuple):
    """``sentence``: the error in our words, without a full stop. ``known``: the facts behind it.

    ``change``: what to do. ``fields``: the values with which the kernel should take it.
    """

    sentence: str
    known: tuple[str, ...] = ()
    change: str = ""
    fields: Mapping[str, int] = {}


class Rule(NamedTuple):
    """See above. ``example``: how to see it, in a sentence."""

    code: str
    title: str
    calls: tuple[bpf_cmd, ...]
    errnos: tuple[int, ...]
    meaning: str
    reason: str
    example: str
    explain: Callable[[Asked], Found | None]


def of_process(check: Callable[[], Reason | None]) -> Callable[[Asked], Found | None]:
    """The ``explain`` of a rule that is about who asks, and not about what was asked."""

    def explain(_asked: Asked) -> Found | None:
        found = check()
        return None if found is None else Found(found.why, change=found.fix)

    return explain
