"""RB-V018: a program uses or releases a reference that it does not hold.

A release turns all copies of the pointer into scalars, so the message often says only that a scalar
is not a pointer. The log shows the register's value before the release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.effect import effect
from rawbpf.verifier.patch import Patch, replace
from rawbpf.verifier.rule import RESERVE, Evidence, Example, Finding, Rule
from rawbpf.verifier.words import kind_words

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_RELEASES = (
    "bpf_ringbuf_submit", "bpf_ringbuf_discard", "bpf_sk_release", "bpf_task_release",
    "bpf_cgroup_release", "bpf_obj_drop_impl", "bpf_ringbuf_submit_dynptr", "bpf_kptr_xchg",
    "bpf_cpumask_release", "bpf_put_file",
)  # fmt: skip


def _released(failure: Failure, register: int) -> tuple[int, str, str] | None:
    """Return the slot and function that released the pointer in a register, and its old type."""
    place = register
    for index, step in enumerate(failure.path):
        if index == 0:
            continue
        one = effect(step.text)
        if one.kind == "call" and one.name in _RELEASES:
            before = failure.value(1, index)
            holder = failure.value(place, index)
            if (
                before is not None
                and holder is not None
                and not holder.is_scalar
                and holder.kind == before.kind
            ):
                return step.slot, one.name, before.kind
        if one.dst == place:
            if one.kind != "move" or one.src is None:
                return None
            place = one.src
        if index > 4096:
            return None
    return None


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    words = match.groupdict()
    register = int(words.get("reg") or 1)
    name = failure.effect.name
    found = _released(failure, register)
    if found is not None:
        slot, release, kind = found
        what = "a pointer to a ring buffer record" if "ringbuf" in release else kind_words(kind)
        again = "released again" if name in _RELEASES else "used"
        return Finding(
            f"r{register} is {again} after {release} released it",
            (Evidence(f"r{register} was {what} until {release} released it", slot),),
            change="release the reference only once"
            if name in _RELEASES
            else ("use the reference before it is released"),
        )
    if not words.get("unheld"):
        return None
    return Finding(
        f"{name or 'the function'} releases r{register}, which the program did not acquire",
        change="release only references that the program acquired",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    found = _released(failure, int(match.groupdict().get("reg") or 1))
    if found is None or failure.slot is None or failure.effect.name not in _RELEASES:
        return None
    return Patch("remove the second release", (replace(failure.slot, "r0 = 0"),))


_SUBMIT = "        r1 = r6\n        r2 = 0\n        call ringbuf_submit\n"
_BEGIN = RESERVE + "        if r0 == 0 goto out\n        r6 = r0\n"
_END = "out:    r0 = 0\n        exit\n"

RULE = Rule(
    code="RB-V018",
    title="Use after release",
    patterns=(
        r"R(?P<reg>\d\d?) type=(?:scalar|inv) expected=",
        r"R(?P<reg>\d\d?) invalid mem access '(?:scalar|inv)'",
        (
            r"(?P<unheld>release) (?:helper|kfunc|kernel function) \S+ expects referenced "
            r".{0,60}R(?P<reg>\d)"
        ),
        r"R(?P<reg>\d\d?) must be (?P<unheld>referenced) when passed to release",
        r"arg#? ?(?P<reg>\d) is an (?P<unheld>unacquired) reference",
        r"reference has not been (?P<unheld>acquired) before",
        r"more than (?P<unheld>one) (?:release argument|arg with ref_obj_id)",
    ),
    meaning=(
        "After a pointer is passed to the function that releases it, the program no longer "
        "owns the object, and all copies of the pointer become scalars. Only a reference "
        "that the program acquired can be released."
    ),
    reason=(
        "A released object may be reused immediately: the reader of the ring buffer may "
        "overwrite the record, and another socket may reuse the memory of the socket. A "
        "second release would take the object from its new owner."
    ),
    examples=(
        Example(_BEGIN + _SUBMIT + _SUBMIT + _END, _BEGIN + _SUBMIT + _END),
        Example(
            _BEGIN + _SUBMIT + "        r0 = *(u64 *)(r6 + 0)\n" + _END,
            _BEGIN + "        *(u64 *)(r6 + 0) = 1\n" + _SUBMIT + _END,
        ),
    ),
    explain=_explain,
    repair=_repair,
)
