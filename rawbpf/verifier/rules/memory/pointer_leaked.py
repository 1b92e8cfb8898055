"""RB-V035: a kernel address would become visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.rule import Evidence, Finding, Rule
from rawbpf.verifier.words import history, is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_WHERE = {
    "as return value": "it would be the result",
    "into map": "it would be stored in a map, where anybody who may read the map finds it",
    "into ctx": "it would be stored in the context",
    "into packet": "it would be sent with the packet",
    "into mem": "it would be stored where others read it",
}


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("reg") is None:
        return Finding(
            "a part of a pointer in the stack would be read or overwritten",
            change="load and store pointers whole: eight bytes, at the offset where they are",
        )
    register = int(found["reg"])
    value = failure.value(register)
    what = f"r{register} holds a pointer" if value is None else is_a(register, value)
    where = found.get("where")
    if where is None:
        verdict = "comparing it with a number would tell where it lies"
    else:
        verdict = _WHERE.get(where, f"it would get {where}")
    past = history(failure, register)
    return Finding(
        f"{what}, and {verdict}",
        past or (Evidence(f"r{register} is that since the program began"),),
        change="use a number instead, or load the program with CAP_PERFMON",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if failure.slot is None or match.groupdict().get("where") != "as return value":
        return None
    return Patch("return a number", (insert(failure.slot, "r0 = 0"),))


RULE = Rule(
    code="RB-V035",
    title="A kernel address would become visible",
    patterns=(
        r"R(?P<reg>\d\d?) leaks addr (?P<where>[^\n]{1,60})",
        r"leaking pointer from stack off [^\n]{1,40}",
        r"R(?P<reg>\d\d?) pointer comparison prohibited",
    ),
    meaning=(
        "The program stores or returns a pointer where somebody outside of the kernel "
        "would see what it is. Who has CAP_PERFMON may do most of that."
    ),
    reason=(
        "Where the kernel's memory is, is a secret (KASLR): an attacker needs it "
        "first. Those who may not read kernel memory may not learn addresses by way "
        "of a program either."
    ),
    examples=(),
    explain=_explain,
    repair=_repair,
)
