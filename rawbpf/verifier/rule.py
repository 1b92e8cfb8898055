r"""Define a verifier rule, with the messages that it covers, their meaning, and an explanation.

Each file in ``rules/`` defines one rule as ``RULE``, which the registry finds:

    RULE = Rule(
        code="RB-V003",                        # never changes: documents and tests refer to it
        title="Possibly NULL pointer dereferenced",
        patterns=(r"R(?P<reg>\d\d?) invalid mem access '(?P<type>\w+_or_null)'",),
        meaning="...", reason="...",           # what the rule is; why the kernel has it
        examples=(Example("...", "..."),),     # a rejected program and an accepted one
        explain=_explain,                      # Failure, Match -> Finding, or None to decline
        repair=_repair,                        # Failure, Match -> Patch, or None if there is none
    )

- ``patterns`` are searched (MULTILINE) in the verifier's message, which consists of its last lines
  joined by newlines, without states, notes and statistics. The wording differs between kernels, so
  note the kernel versions next to the patterns. Named groups are for the two functions; a group
  ``slot`` is the instruction that the explanation points at.
- ``explain`` gets a `Failure` (``failure.py``): ``failure.value(3)`` is what was known about r3,
  ``failure.origins(3)`` is how r3 got its value, ``failure.birth(3)`` is where that value comes
  from, and ``failure.place(slot)`` is "line 12" or "instruction 5".
- Every rule is demonstrated on each kernel from ``since`` to ``until``, by an example or by a
  program of the gallery that names the rule. ``tools/golden-logs`` records what each kernel wrote,
  and a test checks that no log is missing. ``unshown`` says why a rule cannot be demonstrated.
- Rules are tried in order of code, with ``general`` rules last, so that the more specific of two
  matching rules wins. ``explain`` may decline by returning None.
- ``repair`` proposes a `Patch` (``patch.py``). The patch is tested on the kernel and shown with the
  result, so it need not be certain to work. ``repair`` is only called if ``failure.code`` is known.
  ``repair`` may raise BytecodeError, which `insert` does for an invalid instruction.
- The functions of a rule must not raise any other error, whatever the log contains; a test passes
  damaged logs. A log may contain registers and instructions that do not exist. Limit the digits of
  a number (``\d{1,9}``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.explanation import Evidence

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.patch import Patch

__all__ = [
    "HITS",
    "LOOKUP",
    "PACKET",
    "RESERVE",
    "Evidence",
    "Example",
    "Finding",
    "Rule",
]


class Finding(NamedTuple):
    """A rule's explanation of a particular rejection.

    ``sentence`` states the error without a final period; ``evidence`` lists the facts that support
    it, latest first. ``counter`` is a value that violates the rule, and what would happen with that
    value. ``change`` describes the fix in words; it is shown even if there is no patch.
    """

    sentence: str
    evidence: tuple[Evidence, ...] = ()
    counter: str = ""
    change: str = ""


class Example(NamedTuple):
    """Two assembly programs, ``refused`` and ``accepted``, that differ only in a small change.

    ``since`` and ``until`` are the first and the last kernel version that reject ``refused``; an
    empty string means no limit. ``without`` names capabilities to drop before loading ``refused``;
    CAP_SYS_ADMIN, which includes them, is dropped as well.
    """

    refused: str
    accepted: str
    since: str = ""
    until: str = ""
    without: tuple[str, ...] = ()

    @property
    def conditions(self) -> str:
        """The kernels that reject ``refused``, for use in a sentence, or "" for all kernels.

        >>> Example("", "", since="5.15", without=("CAP_BPF",)).conditions
        ' since Linux 5.15, without CAP_BPF'
        """
        span, without = _span(self.since, self.until), " and ".join(self.without)
        return span + (f"{',' if span else ''} without {without}" if without else "")


def _span(since: str, until: str) -> str:
    """Format a range of versions for use in a sentence.

    >>> _span("", "6.1")
    ' up to Linux 6.1'
    """
    said = (f" {word} Linux {one}" for word, one in (("since", since), ("up to", until)) if one)
    return "".join(said)


HITS = ".map hits, hash, key=u32, value=u64, entries=16\n\n"

LOOKUP = """\
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = hits ll
        call map_lookup_elem
"""
"""After these instructions, r0 either points to a value in the map HITS or is NULL."""

PACKET = """\
        r2 = *(u32 *)(r1 + 0)               ; data
        r3 = *(u32 *)(r1 + 4)               ; data_end
"""
"""The code is for an XDP program."""

RESERVE = """\
.license "GPL"
.map records, ringbuf, entries=4096

.program send, "kprobe"
        r1 = records ll
        r2 = 8
        r3 = 0
        call ringbuf_reserve
"""
"""The text starts with the license.

After these instructions, r0 either points to a record of eight bytes or is NULL."""


class Rule(NamedTuple):
    """A verifier rule, as described in the module's docstring.

    ``since`` and ``until`` are the first and the last kernel version with this rule; an empty
    string means no limit (from 5.8). ``unshown`` says why the rule has no example.
    """

    code: str
    title: str
    patterns: tuple[str, ...]
    meaning: str
    reason: str
    examples: tuple[Example, ...]
    explain: Callable[[Failure, re.Match[str]], Finding | None]
    repair: Callable[[Failure, re.Match[str]], Patch | None] | None = None
    general: bool = False
    since: str = ""
    until: str = ""
    unshown: str = ""

    @property
    def kernels(self) -> str:
        """The kernels that have this rule, as a sentence, or "" for all kernels."""
        span = _span(self.since, self.until)
        verb = "have rejected" if self.since and not self.until else "reject"
        return f"Kernels {verb} this{span}." if span else ""
