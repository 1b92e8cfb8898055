r"""Explain the log of BPF_BTF_LOAD: which type is invalid and why, and which types use it.

>>> last_message(["[1] INT int size=4", "[2] PTR (anon) type_id=99 Invalid type_id"], None).type_id
2
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError
from rawbpf.explanation import Evidence, Explanation, RuleText
from rawbpf.refusals.registry import types_rules
from rawbpf.refusals.rule import TypesMessage
from rawbpf.refusals.types_words import c_text, type_words, users
from rawbpf.syscall.peek import peek

if TYPE_CHECKING:
    from rawbpf.btf.btf import Btf
    from rawbpf.refusals.failed_call import FailedCall
    from rawbpf.refusals.rule import TypesRule

__all__ = ["explain_types", "last_message"]

_FIRST, _LARGEST = 1 << 16, 1 << 24
_TYPE = re.compile(r"^\[(\d{1,9})\] (.*)")
_ELEMENT = re.compile(r"^\t(.*?) ?type_id=")
_REFERS = re.compile(r"\b(?:type_id|type|return)=(\d{1,10})")
_HEADER = re.compile(r"^(?:magic|version|flags|hdr_len|\w+_off|\w+_len|btf_total_size): ")


def explain_types(call: FailedCall, said: str) -> tuple[Explanation, str] | None:
    """Return why types were rejected, and the log; return None if the log contains no reason.

    The function never raises an error, regardless of what the types and the log contain.
    """
    text = _log(call)
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    if not lines or _HEADER.match(lines[-1]):
        return None
    btf = _types(call)
    found = last_message(lines, btf)
    rule, match = _rule(found)
    sentence = rule.explain(found, match) if rule and match else found.line.strip()
    if rule is None:
        sentence = f"{sentence} (rawbpf has no rule for this message)"
    known = [] if btf is None or found.type_id is None else _known(btf, found.type_id)
    kernel = (said, *_last(lines))
    explanation = Explanation(
        sentence,
        cause="; ".join(kernel),
        kernel=kernel,
        rule=RuleText(rule.code, rule.title, rule.meaning, rule.reason) if rule else None,
        call=call.text,
        evidence=tuple(map(Evidence, known)),
        change=rule.change if rule else "",
    )
    return explanation, text


def _log(call: FailedCall) -> str:
    """Repeat the call with a buffer that is large enough for the whole log.

    The message is at the end of the log.
    """
    size = _FIRST
    while True:
        answer = call.repeat(btf_log_level=1, btf_log_size=size, btf_log_buf=bytes(size))
        if answer.errno != errno.ENOSPC or size >= _LARGEST:
            return answer.log
        size *= 4


def _types(call: FailedCall) -> Btf | None:
    """Return the types passed to the call, or None if the types cannot be parsed."""
    from rawbpf.btf.btf import Btf

    try:
        return Btf(peek(call["btf"], call["btf_size"]))
    except FormatError:
        return None


def last_message(lines: list[str], btf: Btf | None) -> TypesMessage:
    """Return the message in the last line, and the type to which the message refers."""
    line, element = lines[-1], None
    member = _ELEMENT.match(line)
    at = len(lines) - 1
    if line.startswith("\t"):
        element = member[1] if member else ""
        at = next((n for n in range(at, -1, -1) if _TYPE.match(lines[n])), at)
    found = _TYPE.match(lines[at])
    if found is None:
        return TypesMessage(line, None, "the types")
    number = int(found[1])
    return TypesMessage(line, number, type_words(btf, number), element, _target(line, btf))


def _target(line: str, btf: Btf | None) -> str:
    """Return the type to which a line refers, or "" if it refers to none."""
    found = _REFERS.search(line)
    if found is None:
        return ""
    number = int(found[1])
    if not number:
        return "void"
    if btf is not None and number >= len(btf):
        return f"type {number}, which does not exist"
    words = type_words(btf, number)
    return words if words.startswith("type ") else f"{words}, type {number}"


def _last(lines: list[str]) -> list[str]:
    """Return the line that contains the message.

    If the line for the type is a different one, it precedes the line with the message.
    """
    if not lines[-1].startswith("\t"):
        return [lines[-1]]
    head = next((one for one in reversed(lines) if _TYPE.match(one)), "")
    return [one.strip() for one in (head, lines[-1]) if one]


def _rule(found: TypesMessage) -> tuple[TypesRule | None, re.Match[str] | None]:
    for rule in types_rules().values():
        for pattern in rule.patterns:
            match = re.search(pattern, found.line)
            if match:
                return rule, match
    return None, None


def _known(btf: Btf, number: int) -> list[str]:
    """Return the facts about a type: its C text, and the types that use it."""
    text = c_text(btf, number)
    known = [f"type {number} is {text}"] if text else []
    chain = users(btf, number)
    return known + ([f"the type is used by {', which is used by '.join(chain)}"] if chain else [])
