"""An explanation as lines of text.

count.bpf.s:12  r0 = *(u64 *)(r0 + 0)
instruction 6: r0 = *(u64 *)(r0 +0)

known    r0 is map_value_or_null: bpf_map_lookup_elem may return NULL   (line 11)
breaks   r0 = 0: the key is not in the map
rule     A function returned a pointer or NULL, ...
change   check r0 for NULL before it is used
           + 6: if r0 != 0 goto +2
         The kernel accepts the program with this change.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.verifier.explain import Explanation
    from rawbpf.verifier.rule import Evidence

__all__ = ["as_object", "lines"]

_LABEL = 9
_INDENT = 2
_COMPLAINT_LINES = 6


def lines(found: Explanation, width: int = 100) -> Iterator[str]:
    """The whole block, lines no longer than ``width`` where words allow."""
    yield from _where(found)
    yield ""
    for label, texts in _parts(found):
        for number, text in enumerate(texts):
            yield from _wrapped(label if number == 0 else "", text, width)
        if label == "change":
            yield from _patch(found)


def _where(found: Explanation) -> Iterator[str]:
    source, text = found.failure.source_at(found.slot), found.failure.text_at(found.slot)
    indent = " " * _INDENT
    if source is not None:
        yield f"{indent}{source}  {source.read()}".rstrip()
    elif found.failure.source_line:
        yield f"{indent}; {found.failure.source_line}"
    if found.slot is not None:
        yield f"{indent}instruction {found.slot}{': ' if text else ''}{text or ''}"


def _parts(found: Explanation) -> Iterator[tuple[str, list[str]]]:
    finding, rule = found.finding, found.rule
    evidence = [_evidence(found, one) for one in finding.evidence]
    yield from (
        (label, texts)
        for label, texts in (
            ("asked", list(found.asked)),
            ("known", evidence),
            ("breaks", [finding.counter] if finding.counter else []),
            ("rule", [rule.meaning, rule.reason] if rule else []),
            ("change", [_change(found)] if _change(found) else []),
            ("kernel", list(found.kernel[:_COMPLAINT_LINES])),
            ("more", [f"rawbpf explain {rule.code}"] if rule else []),
        )
        if texts
    )


def _evidence(found: Explanation, one: Evidence) -> str:
    if one.slot is None:
        return one.text
    place = found.failure.place(one.slot)
    also = "" if place.startswith("instruction") else f", instruction {one.slot}"
    return f"{one.text} ({place}{also})"


def _change(found: Explanation) -> str:
    return found.finding.change or (found.patch.what if found.patch else "")


def _patch(found: Explanation) -> Iterator[str]:
    code = found.failure.code
    shown = found.patch.lines(code) if found.patch else []
    if not shown:
        return
    indent = " " * (_INDENT + _LABEL)
    yield from (f"{indent}  {line}" for line in shown)
    if found.trial is not None:
        verdict = (
            f"The kernel accepts {'it' if found.asked else 'the program'} with this change."
            if found.trial.accepted
            else f"With this change it is refused for something else: {found.trial.refusal}"
        )
        yield f"{indent}{verdict}"


def _wrapped(label: str, text: str, width: int) -> Iterable[str]:
    first = " " * _INDENT + label.ljust(_LABEL)
    return wrap(
        text,
        max(width, 40),
        initial_indent=first,
        subsequent_indent=" " * (_INDENT + _LABEL),
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_object(found: Explanation) -> dict[str, Any]:
    """The same for JSON."""
    source, code = found.failure.source_at(found.slot), found.failure.code
    return {
        "code": found.code or None,
        "title": found.rule.title if found.rule else None,
        "sentence": found.sentence,
        "slot": found.slot,
        "insn": found.failure.text_at(found.slot),
        "source": source and {"file": source.file, "line": source.line, "text": source.read()},
        "evidence": [one._asdict() for one in found.finding.evidence],
        "counter": found.finding.counter or None,
        "change": _change(found) or None,
        "patch": (found.patch.lines(code) if found.patch else []) or None,
        "accepted": found.trial.accepted if found.trial else None,
        "asked": list(found.asked) or None,
        "kernel": list(found.kernel),
    }
