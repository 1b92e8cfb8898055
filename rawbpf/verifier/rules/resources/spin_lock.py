"""RB-V037: a spin lock is taken, held or released incorrectly."""

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
            "the program still holds a spin lock at this instruction",
            (*way(failure, 1), *_taken(failure)),
            change="call bpf_spin_unlock on every path to this instruction",
        )
    if found.get("call"):
        name = failure.effect.name or "a function"
        return Finding(
            f"{name} is called while the program holds a spin lock",
            _taken(failure),
            change="make the call before the lock is taken or after it is released",
        )
    if found.get("unlock"):
        return Finding(
            "the program releases a lock that it does not hold",
            _taken(failure),
            change="release only the lock that was taken, and only once",
        )
    if found.get("two"):
        return Finding(
            "a lock is taken while another one is held",
            _taken(failure),
            change="release the first lock before taking the second",
        )
    if found.get("direct"):
        return Finding(
            "a load or store accesses the bytes of a spin lock",
            change="access the lock only with bpf_spin_lock and bpf_spin_unlock",
        )
    lacks = f"map {found['map']} has no bpf_spin_lock" if found.get("map") else ""
    return Finding(
        lacks or "this program cannot use a spin lock here",
        change="put a struct bpf_spin_lock into the map value, describe the value with BTF, and "
        "use a program type that supports spin locks",
    )


def _taken(failure: Failure) -> tuple[Evidence, ...]:
    """Return the instruction that acquired the lock."""
    for step in failure.path[1:]:
        if "spin_lock" in step.text and step.text.startswith("call"):
            return (Evidence("the lock was taken here", step.slot),)
    return ()


RULE = Rule(
    code="RB-V037",
    title="Invalid use of a spin lock",
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
        "bpf_spin_lock takes a lock, and bpf_spin_unlock must release it on every path. A "
        "program may hold only one lock at a time. While the program holds a lock, it may "
        "only use loads, stores, arithmetic and jumps, but no calls and no exit. The lock "
        "must be a member of a map value, and the map's BTF must describe the lock."
    ),
    reason=(
        "While one CPU holds the lock, other CPUs that need it spin and do nothing else. If "
        "the lock were never released, these CPUs would spin forever. A called function "
        "could take a long time, or need the same lock."
    ),
    examples=(),
    explain=_explain,
)
