"""RB-V039: a read section of RCU, or one without preemption or interrupts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("call"):
        name = failure.effect.name or found["call"]
        return Finding(
            f"{name} may sleep, and is called inside of a section where nobody may",
            _begun(failure),
            change="call it before the section begins, or after it has ended",
        )
    if found.get("end"):
        return Finding("a section is left that was not entered",
                       change="take the call away, or enter before")  # fmt: skip
    if found.get("nested"):
        return Finding("a section of RCU is entered inside of another one", _begun(failure),
                       change="one is enough: take the inner one away")  # fmt: skip
    if found.get("irq"):
        return Finding(
            "interrupts are given back with something else than what they were saved in",
            change="keep the flags where bpf_local_irq_save put them, and restore in the reverse "
            "order",
        )
    kind = found.get("kind") or ""
    what, leave = next(
        (words for name, words in _SECTIONS.items() if name in kind), ("such a section", "leave it")
    )
    return Finding(
        f"the program is still in {what} here, and has to be out of it",
        _begun(failure),
        change=f"{leave} on every path to here",
    )


_SECTIONS = {
    "rcu": ("a read section of RCU", "call bpf_rcu_read_unlock"),
    "preempt": ("a section without preemption", "call bpf_preempt_enable"),
    "irq": ("a section without interrupts", "call bpf_local_irq_restore"),
}
_BEGINNINGS = ("bpf_rcu_read_lock#", "bpf_preempt_disable#", "bpf_local_irq_save#")


def _begun(failure: Failure) -> tuple[Evidence, ...]:
    """Where the section began."""
    for step in failure.path[1:]:
        if any(name in step.text for name in _BEGINNINGS):
            return (Evidence("the section lasts since here", step.slot),)
    return ()


RULE = Rule(
    code="RB-V039",
    title="A section of RCU, preemption or interrupts is not left, or is left twice",
    patterns=(
        (
            r"(?P<call>\S{1,80}) in (?P<kind>rcu_read_lock|non-preemptible|bpf_local_irq_save|irq"
            r"-disabled|RCU|IRQ)[- ]?\w{0,9} ?region"
        ),
        (
            r"(?P<call>kernel func \w{1,128}) is sleepable within "
            r"(?P<kind>rcu_read_lock|irq-disabled|non-preemptible)"
        ),
        r"(?P<call>kernel func \w{1,128}) is sleepable within IRQ-disabled region",
        r"cannot be used inside (?P<kind>\w{1,40})-ed region",
        r"(?P<kind>bpf_rcu_read_lock) is missing unlock",
        r"(?P<kind>\w{1,60}) is missing",
        r"unmatched (?:attempt to enable )?(?P<end>rcu read unlock|preemption)",
        r"(?P<nested>nested rcu read lock)",
        r"(?P<irq>cannot restore irq state|irq flag)",
        r"(?P<irq>expected an? (?:un)?initialized irq flag)",
    ),
    meaning=(
        "Between bpf_rcu_read_lock and bpf_rcu_read_unlock, bpf_preempt_disable and "
        "bpf_preempt_enable, bpf_local_irq_save and bpf_local_irq_restore, a program "
        "may not sleep; and each has to be followed by its counterpart, on every "
        "path, in the reverse order."
    ),
    reason=(
        "While RCU is read, nothing is freed that others have removed; while "
        "preemption or interrupts are off, nothing else runs. It has to be short, and "
        "to end."
    ),
    examples=(),
    explain=_explain,
    since="6.2",
)
