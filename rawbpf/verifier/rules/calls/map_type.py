"""RB-V016: a function does not support the type of the map passed to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi.bpf import bpf_map_type
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    words = match.groupdict()
    if words.get("walk"):
        return Finding(
            "bpf_for_each_map_elem does not support maps of this type",
            history(failure, 1),
            change="use an array or hash map (per-CPU or not), or look up the entries one by one",
        )
    if words.get("progs"):
        return Finding(
            "the map passed to bpf_tail_call is not a program array",
            history(failure, 2),
            change="pass a map of type PROG_ARRAY in r2",
        )
    name = words.get("func") or failure.effect.name or "the function"
    number = int(words["type"]) if words.get("type") else None
    what = _name(number) if number is not None else "this type"
    value = failure.value(1)
    which = f"map {value.fields['map']}" if value and "map" in value.fields else "the map"
    return (
        Finding(
            f"{name} does not support maps of type {what}",
            (Evidence(is_a(1, value)), *history(failure, 1)) if value is not None else (),
            change=f"pass another map, or change the type of {which}",
        )
        if number is not None
        else Finding(f"{which} cannot be used here: {match[0]}", change="use another map type")
    )


def _name(number: int) -> str:
    try:
        return bpf_map_type(number).name.removeprefix("BPF_MAP_TYPE_").lower()
    except ValueError:
        return str(number)


_BEGIN = '.license "GPL"\n'
_REST = (
    '\n.program send, "kprobe"\n        r1 = records ll\n        r2 = 8\n        r3 = 0\n'
    "        call ringbuf_reserve\n        if r0 == 0 goto out\n        r1 = r0\n"
    "        r2 = 0\n        call ringbuf_submit\nout:    r0 = 0\n        exit\n"
)

RULE = Rule(
    code="RB-V016",
    title="Wrong map type",
    patterns=(
        r"cannot pass map_type (?P<type>\d{1,5}) into func (?P<func>\w+)",
        r"(?:program of this type|this (?:map|program)).{0,40} cannot use .{0,60}map",
        r"map_type (?P<type>\d{1,5}) .{0,60}not (?:allowed|supported)",
        r"expected (?P<progs>prog array map) for tail call",
        r"(?P<walk>callback function not allowed) for map",
    ),
    meaning=(
        "Many functions work only with certain map types: bpf_ringbuf_reserve with ring buffers, "
        "bpf_tail_call with program arrays, bpf_perf_event_output with perf event arrays."
    ),
    reason=(
        "A function relies on the memory layout of its map type. With the wrong type, the "
        "function would read, for example, an array as if it were a ring buffer."
    ),
    examples=(
        Example(
            _BEGIN + ".map records, array, key=u32, value=u64, entries=1\n" + _REST,
            _BEGIN + ".map records, ringbuf, entries=4096\n" + _REST,
        ),
    ),
    explain=_explain,
)
