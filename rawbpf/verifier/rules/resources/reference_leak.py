"""RB-V017: a reference that the program acquired is not released."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.verifier.effect import effect
from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.rule import RESERVE, Evidence, Example, Finding, Rule
from rawbpf.verifier.words import way

if TYPE_CHECKING:
    from rawbpf.verifier.failure import Failure


_FARTHEST = 2000


class _Release(NamedTuple):
    """The function that releases a reference, and the instructions that call it."""

    function: str
    calls: tuple[str, ...]


_SOCKET = _Release("bpf_sk_release", ("call sk_release",))
_RELEASED_BY = {
    "bpf_ringbuf_reserve": _Release(
        "bpf_ringbuf_submit or bpf_ringbuf_discard", ("r2 = 0", "call ringbuf_discard")
    ),
    "bpf_sk_lookup_tcp": _SOCKET,
    "bpf_sk_lookup_udp": _SOCKET,
    "bpf_skc_lookup_tcp": _SOCKET,
}


def _acquired(failure: Failure, match: re.Match[str]) -> tuple[int, str]:
    """Return the slot of the call that acquired the reference, and the name of the function."""
    slot = int(match["born"])
    return slot, effect(failure.text_at(slot) or "").name


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    slot, name = _acquired(failure, match)
    known = _RELEASED_BY.get(name)
    release = known.function if known else _counterpart(name)
    evidence = [Evidence(f"{name or 'the call'} acquired the reference", slot)]
    last = _last_holder(failure, int(match["id"]))
    if last is not None and last[0] == 0:
        evidence.insert(0, Evidence(f"r{last[1]} still holds the reference"))
    elif last is not None:
        lost = failure.path[last[0]]
        overwritten = (
            f"r{last[1]}, the last register with the reference, is overwritten: {lost.text}"
        )
        evidence.insert(0, Evidence(overwritten, lost.slot))
    return Finding(
        f"the reference acquired by {name or 'a call'} is not released on this path",
        (*evidence, *way(failure, 1)),
        change=f"call {release} on every path from there to an exit",
    )


def _counterpart(name: str) -> str:
    """Return the function that releases a reference, guessed from the kernel's naming scheme."""
    for acquires, releases in (
        ("_new", "_destroy"),
        ("_acquire", "_release"),
        ("_create", "_release"),
    ):
        if name.startswith("bpf_") and name.endswith(acquires):
            return name.removesuffix(acquires) + releases
    return "the function that releases it"


def _last_holder(failure: Failure, reference: int) -> tuple[int, int] | None:
    """Return the last step before which a register contained the reference, and that register.

    States identify the reference by ref_obj_id, or by id since 7.1.
    """
    names = re.compile(rf"R(\d\d?)(?:_[rwD]+)?=\w+\([^ (]*?\b(?:ref_obj_)?id={reference}\b")
    overwritten: dict[int, int] = {}  # maps a register to the next step that writes to it
    found: list[tuple[int, int]] = []
    for at, step in enumerate(islice(failure.path, _FARTHEST)):
        if step.depth:
            continue
        named = (int(one) for text in step.after for one in names.findall(text) if at)
        found += [(overwritten.get(register, 0), register) for register in named]
        if found and min(found)[0] == 0:
            break
        one = effect(step.text)
        destroyed = range(6) if one.kind == "call" else [one.dst]
        overwritten |= {number: at for number in destroyed if number is not None}
    return min(found, default=None)


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    release = _RELEASED_BY.get(_acquired(failure, match)[1])
    last = _last_holder(failure, int(match["id"]))
    if release is None or last is None:
        return None
    at, register = last
    holder = f"r{register}"
    step, value = failure.path[at], failure.value(register, at)
    move = () if register == 1 else (f"r1 = {holder}",)
    result = ("r0 = 0",) if effect(step.text).kind == "exit" else ()
    calls = (*move, *release.calls, *result)
    if value is not None and value.maybe_null:
        calls = (f"if {holder} == 0 goto +{len(calls)}", *calls)
    # A jump to this instruction may come from a path without the reference, for example after a
    # check for NULL.
    edit = insert(step.slot, *calls, skipped=not _jumped(failure, at))
    return Patch(f"release the reference while {holder} holds it", (edit,))


def _jumped(failure: Failure, at: int) -> bool:
    """Return whether the path reached this step by a jump."""
    before = next(islice(failure.path, at + 1, None), None)
    return before is not None and "goto" in before.text and failure.path[at].slot != before.slot + 1


_CHECK = "        if r0 == 0 goto out\n"
_END = "out:    r0 = 0\n        exit\n"

RULE = Rule(
    code="RB-V017",
    title="Unreleased reference",
    patterns=(r"Unreleased reference id=(?P<id>\d{1,9}) alloc_insn=(?P<born>\d{1,9})",),
    meaning=(
        "Some functions return an object that the program must release: a ring buffer "
        "record, a socket, or another kernel object. The verifier counts these references, "
        "and the program must have released all of them before it exits."
    ),
    reason=(
        "A ring buffer record that is never submitted blocks the ring buffer forever. A "
        "socket that is never released stays in memory forever. No other code can release "
        "these objects, because only the program had the pointer."
    ),
    examples=(
        Example(
            RESERVE + _CHECK + _END,
            RESERVE
            + _CHECK
            + "        r1 = r0\n        r2 = 0\n        call ringbuf_submit\n"
            + _END,
        ),
    ),
    explain=_explain,
    repair=_repair,
)
