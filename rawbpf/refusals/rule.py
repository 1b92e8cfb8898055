r"""The two kinds of rules that explain a failed load: rules about calls and about types.

Each module in ``rules/`` has a tuple ``RULES``, which ``registry.py`` collects.

A `Rule` describes one reason why a call fails without a log. The rule's ``explain`` takes the
`FailedCall` and returns what is wrong, or None if the rule does not apply. Rules are tried in order
of code if their ``calls`` and ``errnos`` include the command and the errno of the call. A rule must
be certain: either the arguments prove the reason, or ``call.accepts`` has tested the fix.

A `TypesRule` explains one family of messages in the log of BPF_BTF_LOAD. The kernel writes a line
for each type and each member that it has checked. At the first error, the kernel stops and appends
the message to the last line (btf_verifier_log_type, kernel/bpf/btf.c):

    [1] INT int size=4 bits_offset=0 nr_bits=32 encoding=SIGNED
    [2] STRUCT s size=4 vlen=2
    \ta type_id=1 bits_offset=0
    \tb type_id=1 bits_offset=32 Member exceeds struct_size
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

    from rawbpf.kernel.permission import Reason
    from rawbpf.refusals.failed_call import FailedCall

__all__ = [
    "LOADS",
    "RIGHTS",
    "Found",
    "Rule",
    "TypesMessage",
    "TypesRule",
    "of_process",
    "subject_that",
]

LOADS = (bpf_cmd.BPF_PROG_LOAD, bpf_cmd.BPF_MAP_CREATE, bpf_cmd.BPF_BTF_LOAD)
RIGHTS = (errno.EPERM, errno.EACCES)


class Found(NamedTuple):
    """A rule's explanation of a failed call.

    ``sentence`` states the error without a final period; ``known`` lists the facts that support it.
    ``change`` says how to fix the call; ``fields`` contains field values with which the call should
    succeed.
    """

    sentence: str
    known: tuple[str, ...] = ()
    change: str = ""
    fields: Mapping[str, int] = {}


class Rule(NamedTuple):
    """A reason why a call fails.

    ``example`` is a sentence that describes how to provoke the failure.
    """

    code: str
    title: str
    calls: tuple[bpf_cmd, ...]
    errnos: tuple[int, ...]
    meaning: str
    reason: str
    example: str
    explain: Callable[[FailedCall], Found | None]


def of_process(check: Callable[[], Reason | None]) -> Callable[[FailedCall], Found | None]:
    """Return the ``explain`` function of a rule about the calling process rather than the call."""

    def explain(_call: FailedCall) -> Found | None:
        found = check()
        return None if found is None else Found(found.why, change=found.fix)

    return explain


class TypesMessage(NamedTuple):
    """The log line that ends with the message, and the type to which the message refers.

    ``type_id`` is None if the message is about the BTF as a whole. ``words`` names the type, such
    as "struct s"; ``element`` is the member, or None if the line is not about a member. ``target``
    is the type to which the line refers, such as "type 7, which does not exist".
    """

    line: str
    type_id: int | None
    words: str
    element: str | None = None
    target: str = ""

    @property
    def subject(self) -> str:
        """The member, if the message names one, and the type."""
        if self.element is None:
            return self.words
        if not self.element:  # the entries of a section have no names
            return f"an entry of {self.words} ({self.target.partition(',')[0] or 'nothing'})"
        return f"member {self.element!r} of {self.words}"


class TypesRule(NamedTuple):
    """A family of messages, whose ``patterns`` are searched in the log line.

    ``explain`` returns a sentence.
    """

    code: str
    title: str
    patterns: tuple[str, ...]
    meaning: str
    reason: str
    example: str
    explain: Callable[[TypesMessage, re.Match[str]], str]
    change: str


def subject_that(
    does: Mapping[str, str], otherwise: str
) -> Callable[[TypesMessage, re.Match[str]], str]:
    """Return an ``explain`` function that builds a sentence from a subject and a predicate.

    ``does`` maps words of the kernel's message to predicates; ``otherwise`` is used if the message
    contains none of these words.
    """

    def explain(found: TypesMessage, match: re.Match[str]) -> str:
        what = next((text for words, text in does.items() if words in match[0]), otherwise)
        return f"{found.subject} {what}"

    return explain
