"""RB-V035: a kernel pointer would be visible outside the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.rule import Evidence, Finding, Rule
from rawbpf.verifier.words import history, is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


_WHERE = {
    "as return value": "the program would return the pointer",
    "into map": "the pointer would be stored in a map, which user space can read",
    "into ctx": "the pointer would be stored in the context",
    "into packet": "the pointer would be written into the packet",
    "into mem": "the pointer would be stored in memory that others can read",
}


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("reg") is None:
        return Finding(
            "part of a pointer on the stack would be read or overwritten",
            change="load and store all eight bytes of a pointer at once",
        )
    register = int(found["reg"])
    value = failure.value(register)
    what = f"r{register} holds a pointer" if value is None else is_a(register, value)
    where = found.get("where")
    if where is None:
        verdict = "comparing the pointer with a number would reveal the address"
    else:
        verdict = _WHERE.get(where, f"the pointer would leak {where}")
    past = history(failure, register)
    return Finding(
        f"{what}, and {verdict}",
        past or (Evidence(f"r{register} has not changed since the program started"),),
        change="use a number instead, or load the program with CAP_PERFMON",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if failure.slot is None or match.groupdict().get("where") != "as return value":
        return None
    return Patch("return 0", (insert(failure.slot, "r0 = 0"),))


RULE = Rule(
    code="RB-V035",
    title="Kernel pointer leaked",
    patterns=(
        r"R(?P<reg>\d\d?) leaks addr (?P<where>[^\n]{1,60})",
        r"leaking pointer from stack off [^\n]{1,40}",
        r"R(?P<reg>\d\d?) pointer comparison prohibited",
    ),
    meaning=(
        "The program stores or returns a pointer where user space or another machine can see it. "
        "With CAP_PERFMON, most of these leaks are allowed."
    ),
    reason=(
        "The location of kernel memory is secret (KASLR), because attackers need kernel "
        "addresses to exploit other bugs. Users who may not read kernel memory must not be "
        "able to learn its addresses through a BPF program either."
    ),
    examples=(),
    explain=_explain,
    repair=_repair,
)
