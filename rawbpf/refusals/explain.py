"""From a refused call to an error that carries an explanation, as VerifierError does.

>>> import errno
>>> from rawbpf.errors import KernelError
>>> error = KernelError("BPF_MAP_CREATE", errno=errno.ENOMEM)
>>> print(explained_error("cannot create map 'm'", error))
cannot create map 'm': ENOMEM (Cannot allocate memory)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, errno_words
from rawbpf.refusals.asked import Asked
from rawbpf.refusals.registry import rules
from rawbpf.refusals.rule import Change, Found
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.verifier.explain import Explanation, Trial
from rawbpf.verifier.failure import Failure
from rawbpf.verifier.log import Log
from rawbpf.verifier.rule import Evidence, Finding

if TYPE_CHECKING:
    from rawbpf.refusals.rule import Rule

__all__ = ["explain", "explained_error"]

_MOST_CHANGES = 4


def explained_error(what: str, error: KernelError) -> KernelError:
    """The refusal of BPF_PROG_LOAD, BPF_MAP_CREATE or BPF_BTF_LOAD, saying ``what`` failed and why.

    ``error`` as ``rawbpf.syscall.bpf`` raised it. The kernel is asked again, to find out what it
    minds; the result has the errno of the first time, and an ``explanation``.
    """
    number = error.errno or 0
    found = explain(error)
    if found is None:
        return KernelError(what, errno=number, call=error.call)
    code = f" [{found.code}]" if found.code else ""
    result = KernelError(
        what,
        errno=number,
        call=error.call,
        why=f"{found.sentence}{code}",
        fix=found.finding.change or None,
        details=found.failure.log.text.rstrip(),
    )
    result.explanation = found
    return result


def explain(error: KernelError) -> Explanation | None:
    """Why a call was refused; None if the error does not say what was asked."""
    asked = Asked.of(error)
    if asked is None:
        return None
    said = errno_words(asked.errno)
    rule, found = _reason(asked)
    if rule is not None and found is not None:
        return _explanation(asked, _completed(asked, found), said, rule)
    if asked.cmd == bpf_cmd.BPF_BTF_LOAD:
        from rawbpf.refusals.types_log import explain_types

        about_types = explain_types(asked, said)
        if about_types is not None:
            return about_types
    return _explanation(asked, Found(f"{said}, and no rule of rawbpf's knows why"), said, None)


def _reason(asked: Asked) -> tuple[Rule, Found] | tuple[None, None]:
    """The first rule whose reason it is."""
    for rule in rules().values():
        if asked.cmd in rule.calls and asked.errno in rule.errnos:
            found = rule.explain(asked)
            if found is not None:
                return rule, found
    return None, None


def _completed(asked: Asked, found: Found) -> Found:
    """The change of fields together with what else has to change, one after the other."""
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
    finding = Finding(found.sentence, tuple(map(Evidence, found.known)), change=found.change)
    patch, trial = None, None
    if found.fields:
        was = {field: asked.name(field) for field in found.fields}
        becomes = {field: asked.name(field, value) for field, value in found.fields.items()}
        patch = Change(found.change, was, becomes)
        trial = Trial("" if asked.accepts(**found.fields) else "it is not all that is wrong")
    failure = Failure(Log(""))
    return Explanation(failure, finding, None, rule, patch, trial, (asked.words,), (said,))
