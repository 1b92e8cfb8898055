"""Format an explanation as lines of text or as a JSON object.

The text looks as follows:

    count.bpf.s:12  r0 = *(u64 *)(r0 + 0)
    instruction 6: r0 = *(u64 *)(r0 +0)

known    r0 is map_value_or_null: bpf_map_lookup_elem may return NULL (line 11, instruction 5)
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
    from collections.abc import Iterator

    from rawbpf.explanation import Evidence, Explanation

__all__ = ["explanation_lines", "explanation_object"]

_LABEL = 9
_INDENT = 2
_NARROWEST = 40
_KERNEL_LINES = 6


def explanation_lines(found: Explanation, width: int = 100) -> Iterator[str]:
    """Yield an explanation's lines, with text wrapped at ``width`` columns."""
    yield from _where(found)
    yield ""
    for label, texts in _parts(found):
        for number, text in enumerate(texts):
            yield from _wrapped(label if number == 0 else "", text, width)
        if label == "change":
            yield from _patch(found)


def _where(found: Explanation) -> Iterator[str]:
    indent, source = " " * _INDENT, found.source
    if source is not None and source.file:
        yield f"{indent}{source.file}:{source.line}  {source.text}".rstrip()
    elif source is not None:
        yield f"{indent}; {source.text}"
    if found.slot is not None:
        yield f"{indent}instruction {found.slot}{': ' if found.insn else ''}{found.insn}"


def _parts(found: Explanation) -> Iterator[tuple[str, list[str]]]:
    rule = found.rule
    for label, texts in (
        ("asked", [found.call]),
        ("known", [_evidence(one) for one in found.evidence]),
        ("breaks", [found.counterexample]),
        ("rule", [rule.meaning, rule.reason] if rule else []),
        ("change", [found.change]),
        ("kernel", list(found.kernel[:_KERNEL_LINES])),
        ("more", [f"rawbpf explain {rule.code}"] if rule else []),
    ):
        if any(texts):
            yield label, texts


def _evidence(one: Evidence) -> str:
    if one.slot is None:
        return one.text
    line = "" if one.line is None else f"line {one.line}, "
    return f"{one.text} ({line}instruction {one.slot})"


def _patch(found: Explanation) -> Iterator[str]:
    indent = " " * (_INDENT + _LABEL)
    yield from (f"{indent}  {line}" for line in found.patch)
    if not found.patch or found.trial is None:
        return
    if found.trial.accepted:
        what = "call" if found.call else "program"
        yield f"{indent}The kernel accepts the {what} with this change."
    else:
        why = f": {found.trial.reason}" if found.trial.reason else ""
        yield f"{indent}This change alone is not enough{why}."


def _wrapped(label: str, text: str, width: int) -> list[str]:
    return wrap(
        text,
        max(width, _NARROWEST),
        initial_indent=" " * _INDENT + label.ljust(_LABEL),
        subsequent_indent=" " * (_INDENT + _LABEL),
        break_long_words=False,
        break_on_hyphens=False,
    )


def explanation_object(found: Explanation) -> dict[str, Any]:
    """Return an explanation as a dict for JSON, with None for unknown values."""
    source = found.source
    return {
        "code": found.code or None,
        "title": found.rule.title if found.rule else None,
        "sentence": found.sentence,
        "slot": found.slot,
        "insn": found.insn or None,
        "source": source._asdict() if source is not None and source.file else None,
        "evidence": [one._asdict() for one in found.evidence],
        "counter": found.counterexample or None,
        "change": found.change or None,
        "patch": list(found.patch) or None,
        "accepted": found.trial.accepted if found.trial else None,
        "asked": [found.call] if found.call else None,
        "kernel": list(found.kernel),
    }
