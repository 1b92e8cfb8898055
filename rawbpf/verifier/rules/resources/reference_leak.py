"""RB-V017: something that was acquired is not given back."""

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


class _Giver(NamedTuple):
    """What releases, and the calls that do it on the pointer in r1."""

    release: str
    calls: tuple[str, ...]


_SOCKET = _Giver("bpf_sk_release", ("call sk_release",))
_GIVEN_BY = {
    "bpf_ringbuf_reserve": _Giver(
        "bpf_ringbuf_submit or bpf_ringbuf_discard", ("r2 = 0", "call ringbuf_discard")
    ),
    "bpf_sk_lookup_tcp": _SOCKET,
    "bpf_sk_lookup_udp": _SOCKET,
    "bpf_skc_lookup_tcp": _SOCKET,
}


def _acquired(failure: Failure, match: re.Match[str]) -> tuple[int, str]:
    """The instruction that acquired it, and the function's name."""
    slot = int(match["born"])
    return slot, effect(failure.text_at(slot) or "").name


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    slot, name = _acquired(failure, match)
    giver = _GIVEN_BY.get(name)
    release = giver.release if giver else _counterpart(name)
    evidence = [Evidence(f"{name or 'the call'} gave it", slot)]
    last = _last_holder(failure, int(match["id"]))
    if last is not None and last[0] == 0:
        evidence.insert(0, Evidence(f"r{last[1]} still holds it"))
    elif last is not None:
        lost = failure.path[last[0]]
        evidence.insert(0, Evidence(f"r{last[1]} was the last to hold it: {lost.text}", lost.slot))
    return Finding(
        f"the program ends, and what {name or 'a call'} gave it was not given back on this path",
        (*evidence, *way(failure, 1)),
        change=f"call {release} on every way from there to an exit",
    )


def _counterpart(name: str) -> str:
    """What kernel functions that give are called, and those that take: by the rule."""
    for gives, takes in (("_new", "_destroy"), ("_acquire", "_release"), ("_create", "_release")):
        if name.startswith("bpf_") and name.endswith(gives):
            return name.removesuffix(gives) + takes
    return "the function that releases it"


def _last_holder(failure: Failure, reference: int) -> tuple[int, int] | None:
    """The last step in front of which a register had it, and that register.

    States name it by ref_obj_id, from 7.1 on by id.
    """
    names = re.compile(rf"R(\d\d?)(?:_[rwD]+)?=\w+\([^ ]*?\b(?:ref_obj_)?id={reference}\b")
    overwritten: dict[int, int] = {}  # register -> the next step that writes to it
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
    giver = _GIVEN_BY.get(_acquired(failure, match)[1])
    last = _last_holder(failure, int(match["id"]))
    if giver is None or last is None:
        return None
    at, register = last
    holder = f"r{register}"
    step, value = failure.path[at], failure.value(register, at)
    move = () if register == 1 else (f"r1 = {holder}",)
    result = ("r0 = 0",) if effect(step.text).kind == "exit" else ()
    calls = (*move, *giver.calls, *result)
    if value is not None and value.maybe_null:
        calls = (f"if {holder} == 0 goto +{len(calls)}", *calls)
    # Who jumps here may have nothing to give back, such as after a check for NULL.
    edit = insert(step.slot, *calls, skipped=not _jumped(failure, at))
    return Patch(f"give it back while {holder} has it", (edit,))


def _jumped(failure: Failure, at: int) -> bool:
    """Whether the path came to this step by a jump."""
    before = next(islice(failure.path, at + 1, None), None)
    return before is not None and "goto" in before.text and failure.path[at].slot != before.slot + 1


_CHECK = "        if r0 == 0 goto out\n"
_END = "out:    r0 = 0\n        exit\n"

RULE = Rule(
    code="RB-V017",
    title="What was acquired is not released",
    patterns=(r"Unreleased reference id=(?P<id>\d{1,9}) alloc_insn=(?P<born>\d{1,9})",),
    meaning=(
        "Some functions hand out what must be given back: a record of a ring buffer, a socket, an "
        "object of the kernel. The verifier counts them, and at every exit of the program there "
        "must be none left."
    ),
    reason=(
        "A record that is never submitted stops the ring for good; a socket that is never released "
        "stays in memory for ever. Nobody else could clean up: the program has forgotten it."
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
