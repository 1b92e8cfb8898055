r"""A rule: one family of refusals, and all that rawbpf can say about it.

A file in ``rules/`` holds one, as ``RULE``; nothing else needs to be told about it:

    RULE = Rule(
        code="RB-V003",                        # stable for ever; documents and tests are by it
        title="Possibly NULL pointer dereferenced",
        patterns=(r"R(?P<reg>\d\d?) invalid mem access '(?P<type>\w+_or_null)'",),
        meaning="...", reason="...",           # what it says; why the kernel insists
        examples=(Example("...", "..."),),     # refused, and what is accepted instead
        explain=_explain,                      # Failure, Match -> Finding (or None: not mine)
        repair=_repair,                        # Failure, Match -> Patch (or None: no idea)
    )

- ``patterns`` are searched (MULTILINE) in the complaint: the lines that the verifier said at the
  end, joined by newlines, without states, notes and statistics. Each kernel has its own wording:
  name the versions beside the patterns. Named groups are for your functions; a group ``slot`` is
  the instruction that the explanation points at, if the complaint names one in a way of its own
- ``explain`` gets a `Failure` (``failure.py``): ``failure.value(3)`` is what was known of r3,
  ``failure.origins(3)`` how it came to that, ``failure.birth(3)`` where its value is from,
  ``failure.place(slot)`` "line 12" or "instruction 5"
- every rule is shown at work on each kernel from ``since`` to ``until``: by an example, or by a
  program of the gallery that names it. ``tools/golden-logs`` keeps what each kernel said of them,
  and a test looks that none is missing. ``unshown`` is for what nobody can bring about on purpose,
  and says why
- rules are asked in the order of their codes, those that are ``general`` after all others: a
  complaint may fit two, and the narrower one should answer. ``explain`` may decline by None
- ``repair`` proposes a `Patch` (``patch.py``). Whoever loads the program tries it on the kernel and
  says whether it was accepted, so it need not be sure. It is called when ``failure.code`` is
  there, and may raise BytecodeError, as `insert` does for what is no instruction
- no function may raise, for any log: a test feeds them damaged ones. Mind that a log may name
  registers and instructions that are not there; bound the digits of a number (``\d{1,9}``)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.explanation import Evidence

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.patch import Patch

__all__ = ["Evidence", "Example", "Finding", "Rule"]


class Finding(NamedTuple):
    """``sentence``: the error in our words, without a full stop. ``evidence``: the latest first.

    ``counter``: a concrete value that breaks the rule, and what would happen. ``change``: what to
    do about it, in words; shown also when there is no patch.
    """

    sentence: str
    evidence: tuple[Evidence, ...] = ()
    counter: str = ""
    change: str = ""


class Example(NamedTuple):
    """Two files in assembly that differ in little: the kernel refuses the first, not the second.

    ``since``, ``until``: the first and the last version that refuse it, if not all do. ``without``:
    capabilities that the loader does without (and CAP_SYS_ADMIN, which stands for them).
    """

    refused: str
    accepted: str
    since: str = ""
    until: str = ""
    without: tuple[str, ...] = ()

    @property
    def conditions(self) -> str:
        """When the kernel refuses it, as a part of a sentence; "" if always.

        >>> Example("", "", since="5.15", without=("CAP_BPF",)).conditions
        ' since Linux 5.15, without CAP_BPF'
        """
        return _span(self.since, self.until) + (
            f", without {' and '.join(self.without)}" if self.without else ""
        )


def _span(since: str, until: str) -> str:
    """From one version to another, as a part of a sentence.

    >>> _span("", "6.1")
    ' until Linux 6.1'
    """
    said = (f" {word} Linux {one}" for word, one in (("since", since), ("until", until)) if one)
    return "".join(said)


class Rule(NamedTuple):
    """See above.

    ``since``, ``until``: the first and the last kernel with such a refusal, if not all from 5.8 on
    have it. ``unshown``: why it has no example.
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
        """Which kernels have such a refusal, as a sentence; "" if all do."""
        span = _span(self.since, self.until)
        return f"Kernels reject this{span}." if span else ""
