"""RB-V039: an RCU, preemption or IRQ section contains a call that may sleep, or never ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    kind = (found.get("kind") or "").lower()
    what, leave = next(
        (words for name, words in _SECTIONS.items() if name in kind),
        ("a section where sleeping is not allowed", "leave the section"),
    )
    if found.get("call"):
        name = failure.effect.name or found["call"]
        return Finding(
            f"{name} may sleep, but is called inside {what}",
            _begun(failure),
            change="make the call before the section starts or after it ends",
        )
    if found.get("end"):
        return Finding("the program leaves a section that it did not enter",
                       change="remove the call, or enter the section first")  # fmt: skip
    if found.get("nested"):
        return Finding(
            "an RCU read-side critical section starts inside another one",
            _begun(failure),
            change="remove the inner section",
        )
    if found.get("irq"):
        return Finding(
            "IRQ flags are restored from a different slot, or in the wrong order",
            change=(
                "restore the flags from the slot where bpf_local_irq_save stored them, in "
                "reverse order"
            ),
        )
    return Finding(
        f"the program is still inside {what} at this instruction",
        _begun(failure),
        change=f"{leave} on every path to this instruction",
    )


_SECTIONS = {
    "rcu": ("an RCU read-side critical section", "call bpf_rcu_read_unlock"),
    "preempt": ("a section with preemption disabled", "call bpf_preempt_enable"),
    "irq": ("a section with interrupts disabled", "call bpf_local_irq_restore"),
}
_BEGINNINGS = ("bpf_rcu_read_lock#", "bpf_preempt_disable#", "bpf_local_irq_save#")


def _begun(failure: Failure) -> tuple[Evidence, ...]:
    """Return the instruction that starts the section."""
    for step in failure.path[1:]:
        if any(name in step.text for name in _BEGINNINGS):
            return (Evidence("the section starts here", step.slot),)
    return ()


RULE = Rule(
    code="RB-V039",
    title="Invalid RCU, preemption or IRQ section",
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
        "A program may not sleep between bpf_rcu_read_lock and bpf_rcu_read_unlock, between "
        "bpf_preempt_disable and bpf_preempt_enable, or between bpf_local_irq_save and "
        "bpf_local_irq_restore. Each of these calls needs its counterpart on every path, in "
        "reverse order."
    ),
    reason=(
        "During an RCU read-side critical section, the kernel cannot free objects that were "
        "removed. With preemption or interrupts disabled, no other code runs on the CPU. "
        "Such sections must be short and must always end."
    ),
    examples=(),
    explain=_explain,
    since="6.2",
)
