"""RB-V037: a lock is not taken, held or released as it must be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Finding, Rule
from rawbpf.verifier.words import way

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("end"):
        return Finding(
            "the lock is still held here",
            (*way(failure, 1), *_taken(failure)),
            change="call bpf_spin_unlock on every path to here",
        )
    if found.get("call"):
        name = failure.effect.name or "a function"
        return Finding(
            f"{name} is called while a lock is held",
            _taken(failure),
            change="call it before the lock is taken, or after it was released",
        )
    if found.get("unlock"):
        return Finding(
            "a lock is released that is not the one that is held",
            _taken(failure),
            change="release what was taken, once",
        )
    if found.get("two"):
        return Finding("a lock is taken while another one is held", _taken(failure),
                       change="release the first one before")  # fmt: skip
    if found.get("direct"):
        return Finding("the bytes of a lock are read or written by a load or store",
                       change="leave the lock to bpf_spin_lock and bpf_spin_unlock")  # fmt: skip
    lacks = f"map {found['map']} has no bpf_spin_lock" if found.get("map") else ""
    return Finding(
        lacks or "there is no lock that this program could use",
        change="give the map a value with a struct bpf_spin_lock in it, described by BTF, and use "
        "it in a program type that may lock",
    )


def _taken(failure: Failure) -> tuple[Evidence, ...]:
    """Where the lock was taken."""
    for step in failure.path[1:]:
        if "spin_lock" in step.text and step.text.startswith("call"):
            return (Evidence("the lock is held since here", step.slot),)
    return ()


RULE = Rule(
    code="RB-V037",
    title="A lock is held where it must not be, or not released",
    patterns=(
        (
            r"(?P<end>BPF_EXIT instruction|bpf_tail_call|BPF_LD_\[ABS\|IND\])[^\n]{0,60} "
            r"(?:cannot|can not) be used inside bpf_spin_lock-ed region"
        ),
        r"(?P<end>bpf_spin_unlock is missing)",
        r"(?P<call>function calls are not allowed) while holding a lock",
        r"(?P<call>global function calls are not allowed) while holding a lock",
        r"bpf_(?:res_)?spin_unlock (?P<unlock>without taking a lock|of different lock)",
        r"(?P<two>Locking two bpf_spin_locks are not allowed)",
        r"(?P<two>Acquiring the same lock again)",
        r"(?P<direct>bpf_(?:res_)?spin_lock) cannot be accessed directly",
        r"(?P<lacks>bpf_(?:res_)?spin_lock)[^\n]{0,40}(?:yet|is not allowed|not supported)",
        (
            r"(?:map '(?P<map>[^'\n]{1,40})' )?(?P<lacks>has no valid bpf_(?:res_)?spin_lock|must "
            r"have BTF in order to use bpf_(?:res_)?spin_lock|doesn't "
            r"point to 'struct bpf_(?:res_)?spin_lock')"
        ),
        r"progs cannot use (?P<lacks>bpf_spin_lock)",
        r"(?P<lacks>map '\S{0,40}' has no BTF|No bpf_spin_lock)",
    ),
    meaning=(
        "A bpf_spin_lock is taken by bpf_spin_lock and released by bpf_spin_unlock, "
        "on every path, and one at a time. In between there are only loads, stores, "
        "arithmetic and jumps: no calls, no exit. The lock is a member of a map's "
        "value, which the map's BTF has to say."
    ),
    reason=(
        "While one CPU holds it, others spin and do nothing else. A lock that is "
        "never released stops them for ever, and a call under it may take long, or "
        "want the same lock."
    ),
    examples=(),
    explain=_explain,
)
