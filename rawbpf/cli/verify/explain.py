"""``rawbpf explain``: explain one of the kernel's rules and its purpose.

RB-V rules cover verifier errors, RB-E rules cover calls that fail without a log, and RB-T rules
cover types.
"""

from __future__ import annotations

import errno
import re
from textwrap import indent, wrap
from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import columns, write_lines
from rawbpf.errors import UsageError, errno_name
from rawbpf.refusals.rule import Rule as CallRule
from rawbpf.refusals.rule import TypesRule
from rawbpf.verifier.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["USAGE", "run"]

AnyRule = Rule | CallRule | TypesRule

USAGE = """Explain why the kernel rejects a program or call; without CODE, list all error codes.

Usage:
  rawbpf explain [CODE] [--json] [-v]...

Arguments:
  CODE           An error code, such as RB-V003 or V003 (verifier), RB-E002 (calls) or RB-T001
                 (types), an errno such as EPERM, or a message of the verifier in quotes.

Options:
  --json         Print everything about the rule as JSON, one object per rule.
  -v, --verbose  Print more detail to stderr.
  -h, --help     Show this help.

  rawbpf explain RB-V003
  rawbpf explain "R0 invalid mem access"
"""

_WIDEST = 96


def run(arguments: dict[str, Any]) -> int:
    """Print one rule, or the titles of all rules."""
    rules = _all()
    code = arguments["CODE"]
    if code is None:
        found = list(rules.values())
        write_lines(_json(found) if arguments["--json"] else _titles(found))
        return 0
    meant = find(code, rules)
    if not meant:
        near = ", ".join(_near(code, list(rules)))
        fix = f"did you mean {near}?" if near else "list all rules with `rawbpf explain`"
        raise UsageError(f"no rule {code!r}", fix=fix)
    if arguments["--json"]:
        write_lines(_json(meant))
    else:
        write_lines(_page(meant[0]) if len(meant) == 1 else _titles(meant))
    return 0


def find(text: str, rules: Mapping[str, AnyRule]) -> list[AnyRule]:
    """Return the rules that a code, an errno's name or a message of the kernel refers to.

    The code may lack its prefix, and the message may be incomplete.
    """
    code = text.upper()
    for one in (code, f"RB-{code}"):
        if one in rules:
            return [rules[one]]
    if code in (*errno.errorcode.values(), "ENOTSUPP"):
        calls = [one for one in rules.values() if isinstance(one, CallRule)]
        return [one for one in calls if code in map(errno_name, one.errnos)]
    if " " not in text.strip():
        return []
    from rawbpf.verifier.registry import matches

    found: list[AnyRule] = [one for one, _ in matches(text)]
    return found or _by_words(text, rules)


def _by_words(text: str, rules: Mapping[str, AnyRule]) -> list[AnyRule]:
    """Return the rules whose messages contain all words of an incomplete message."""
    wanted = _words_of(text)
    return [
        one
        for one in rules.values()
        if wanted and any(wanted <= _words_of(p) for p in getattr(one, "patterns", ()))
    ]


def _words_of(text: str) -> set[str]:
    """Return the words of a message or a pattern, without names of registers."""
    plain = re.sub(r"\\.|\?P<\w+>", " ", text.lower())
    return set(re.findall(r"[a-z_]{3,}", plain))


def _all() -> dict[str, AnyRule]:
    """Return all rules, keyed by code."""
    from rawbpf.refusals.registry import rules as call_rules
    from rawbpf.refusals.registry import types_rules
    from rawbpf.verifier.registry import all_rules

    return {**all_rules(), **call_rules(), **types_rules()}


def _near(code: str, codes: list[str]) -> list[str]:
    """Return similar codes."""
    from difflib import get_close_matches

    return get_close_matches(code.upper(), codes, n=2, cutoff=0.7)


def _titles(rules: list[AnyRule]) -> Iterator[str]:
    for one in rules:
        yield f"{one.code}  {one.title}"


def _page(rule: AnyRule) -> Iterator[str]:
    yield f"{rule.code}  {rule.title}"
    for text in (rule.meaning, rule.reason):
        yield ""
        yield from wrap(text, _width(), break_on_hyphens=False)
    if not isinstance(rule, Rule):
        yield ""
        yield from wrap(f"Example: {rule.example}", _width(), break_on_hyphens=False)
        return
    yield from _when_and_where(rule)
    for example in rule.examples:
        yield ""
        yield f"Rejected{example.conditions}:"
        yield ""
        yield indent(example.refused.strip("\n"), "    ")
        yield ""
        yield "Accepted:"
        yield ""
        yield indent(example.accepted.strip("\n"), "    ")


def _width() -> int:
    return min(columns(1), _WIDEST)


def _when_and_where(rule: Rule) -> Iterator[str]:
    """Yield the kernels that have the rule, and the gallery programs that violate it."""
    from rawbpf.verifier.exhibits import exhibits_of

    programs = ", ".join(f"rawbpf gallery {one.name}" for one in exhibits_of(rule.code))
    for text in (rule.kernels, rule.unshown, programs and f"Try it: {programs}"):
        if text:
            yield ""
            yield from wrap(text, _width(), break_on_hyphens=False)


def _json(rules: list[AnyRule]) -> Iterator[str]:
    from json import dumps

    for one in rules:
        yield dumps(
            {
                "code": one.code,
                "title": one.title,
                "meaning": one.meaning,
                "reason": one.reason,
                **_more(one),
            }
        )


def _more(rule: AnyRule) -> dict[str, Any]:
    """Return the fields that only this kind of rule has."""
    if isinstance(rule, Rule):
        from rawbpf.verifier.exhibits import exhibits_of

        return {
            "patterns": rule.patterns,
            "since": rule.since or None,
            "until": rule.until or None,
            "gallery": [exhibit.name for exhibit in exhibits_of(rule.code)],
            "unshown": rule.unshown or None,
            "examples": [example._asdict() for example in rule.examples],
        }
    if isinstance(rule, CallRule):
        calls = [call.name for call in rule.calls]
        errnos = [errno_name(number) for number in rule.errnos]
        return {"calls": calls, "errnos": errnos, "example": rule.example}
    return {"patterns": rule.patterns, "example": rule.example}
