"""Explain a failed BPF_PROG_LOAD, BPF_MAP_CREATE or BPF_BTF_LOAD.

>>> import errno
>>> from rawbpf.errors import KernelError
>>> error = KernelError("BPF_MAP_CREATE", errno=errno.ENOMEM)
>>> print(explained_error("cannot create map 'm'", error))
cannot create map 'm': ENOMEM (Cannot allocate memory)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, errno_words
from rawbpf.explanation import Evidence, Explanation, RuleText, Trial
from rawbpf.refusals.asked import Asked
from rawbpf.refusals.registry import rules
from rawbpf.refusals.rule import Found
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.rule import Rule

__all__ = ["explain", "explained_error"]

_MOST_CHANGES = 4


def explained_error(what: str, error: KernelError) -> KernelError:
    """Return the error with ``what`` failed, and an explanation of why.

    ``error`` is as ``rawbpf.syscall.bpf`` raised it. The call is repeated with changes to find out
    what was wrong with it; the result has the errno of the first attempt.
    """
    number = error.errno or 0
    asked = Asked.of(error)
    if asked is None:
        return KernelError(what, errno=number, call=error.call)
    explanation, log = _explain(asked)
    return KernelError(
        what,
        errno=number,
        call=error.call,
        why=explanation.headline,
        fix=explanation.change or None,
        details=log.rstrip(),
        explanation=explanation,
    )


def explain(error: KernelError) -> Explanation | None:
    """Return why a call failed, or None if the error does not contain the call."""
    asked = Asked.of(error)
    return None if asked is None else _explain(asked)[0]


def _explain(asked: Asked) -> tuple[Explanation, str]:
    """Return why a call failed, and the log of BPF_BTF_LOAD, or ""."""
    said = errno_words(asked.errno)
    rule, found = _reason(asked)
    if rule is not None and found is not None:
        return _explanation(asked, _completed(asked, found), said, rule), ""
    if asked.cmd == bpf_cmd.BPF_BTF_LOAD:
        from rawbpf.refusals.types_log import explain_types

        about_types = explain_types(asked, said)
        if about_types is not None:
            return about_types
    return _explanation(asked, Found(f"{said}, and no rule of rawbpf's knows why"), said, None), ""


def _reason(asked: Asked) -> tuple[Rule, Found] | tuple[None, None]:
    """Return the first rule that finds the reason, and what it found."""
    for rule in rules().values():
        if asked.cmd in rule.calls and asked.errno in rule.errnos:
            found = rule.explain(asked)
            if found is not None:
                return rule, found
    return None, None


def _completed(asked: Asked, found: Found) -> Found:
    """Add the further changes that the call needs, found by applying one after the other."""
    fields, known = dict(found.fields), list(found.known)
    for _ in range(_MOST_CHANGES if fields else 0):
        attr = asked.attr.changed(fields)
        answer = asked.ask(**fields)
        if not answer.errno or answer.log:
            break
        _, further = _reason(Asked(asked.cmd, attr, answer.errno))
        if further is None or further.fields.keys() & fields.keys():
            break
        known.append(f"besides, {further.sentence}")
        if not further.fields:
            break
        fields |= further.fields
    return found._replace(fields=fields, known=tuple(known))


def _explanation(asked: Asked, found: Found, said: str, rule: Rule | None) -> Explanation:
    was = [f"- {field} = {asked.name(field)}" for field in found.fields]
    becomes = [f"+ {field} = {asked.name(field, value)}" for field, value in found.fields.items()]
    return Explanation(
        found.sentence,
        cause=said,
        kernel=(said,),
        rule=RuleText(rule.code, rule.title, rule.meaning, rule.reason) if rule else None,
        call=asked.words,
        evidence=tuple(map(Evidence, found.known)),
        change=found.change,
        patch=(*was, *becomes),
        trial=Trial(asked.accepts(**found.fields)) if found.fields else None,
    )
