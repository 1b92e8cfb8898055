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
from rawbpf.refusals.failed_call import FailedCall
from rawbpf.refusals.registry import rules
from rawbpf.refusals.rule import Found
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.rule import Rule

__all__ = ["explain", "explained_error"]

_MOST_CHANGES = 4


def explained_error(what: str, error: KernelError) -> KernelError:
    """Return a KernelError that says ``what`` failed, with an explanation of the reason.

    ``error`` is the error that ``rawbpf.syscall.bpf`` raised. The call is repeated with changes to
    find the reason, but the returned error has the errno of the first attempt.
    """
    number = error.errno or 0
    call = FailedCall.of(error)
    if call is None:
        return KernelError(what, errno=number, call=error.call)
    explanation, log = _explain(call)
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
    """Explain why a call failed, or return None if the error does not contain the call."""
    call = FailedCall.of(error)
    return None if call is None else _explain(call)[0]


def _explain(call: FailedCall) -> tuple[Explanation, str]:
    """Explain why a call failed, and return the log of BPF_BTF_LOAD, or "" if there was no log."""
    said = errno_words(call.errno)
    rule, found = _reason(call)
    if rule is not None and found is not None:
        return _explanation(call, _completed(call, found), said, rule), ""
    if call.cmd == bpf_cmd.BPF_BTF_LOAD:
        from rawbpf.refusals.types_log import explain_types

        about_types = explain_types(call, said)
        if about_types is not None:
            return about_types
    return _explanation(call, Found(f"{said}, for an unknown reason"), said, None), ""


def _reason(call: FailedCall) -> tuple[Rule, Found] | tuple[None, None]:
    """Return the first rule that finds the reason, and its finding."""
    for rule in rules().values():
        if call.cmd in rule.calls and call.errno in rule.errnos:
            found = rule.explain(call)
            if found is not None:
                return rule, found
    return None, None


def _completed(call: FailedCall, found: Found) -> Found:
    """Add the other changes that the call needs, by applying one change after the other."""
    fields, known = dict(found.fields), list(found.known)
    for _ in range(_MOST_CHANGES if fields else 0):
        attr = call.attr.changed(fields)
        answer = call.repeat(**fields)
        if not answer.errno or answer.log:
            break
        _, further = _reason(FailedCall(call.cmd, attr, answer.errno))
        if further is None or further.fields.keys() & fields.keys():
            break
        known.append(f"in addition, {further.sentence}")
        if not further.fields:
            break
        fields |= further.fields
    return found._replace(fields=fields, known=tuple(known))


def _explanation(call: FailedCall, found: Found, said: str, rule: Rule | None) -> Explanation:
    was = [f"- {field} = {call.name(field)}" for field in found.fields]
    becomes = [f"+ {field} = {call.name(field, value)}" for field, value in found.fields.items()]
    return Explanation(
        found.sentence,
        cause=said,
        kernel=(said,),
        rule=RuleText(rule.code, rule.title, rule.meaning, rule.reason) if rule else None,
        call=call.text,
        evidence=tuple(map(Evidence, found.known)),
        change=found.change,
        patch=(*was, *becomes),
        trial=Trial(call.accepts(**found.fields)) if found.fields else None,
    )
