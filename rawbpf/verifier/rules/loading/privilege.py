"""RB-V021: an operation requires a capability that the process lacks.

Since 5.8, two capabilities determine how strict the verifier is. Without CAP_BPF, a program must
not contain BPF functions, loops, or more than 4096 instructions. Without CAP_PERFMON, kernel
addresses must not leak, and a pointer must not leave its memory even temporarily, because a CPU
that predicts branches may use it before it is checked (Spectre). Since 6.7, the restriction on
pointers is not enforced if the system was booted with mitigations=off. The word "!root" in messages
dates from before 5.8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_USES = {
    (0x85, 1),
    (0x85, 2),
    (0x18, 4),
}  # a call of a subprogram or kfunc, or the address of a subprogram


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("reg"):
        return _address(failure, int(found["reg"]), found)
    if found.get("what"):
        return Finding(
            "calling BPF functions or kernel functions requires CAP_BPF",
            _first_use(failure),
            change="inline the functions (static __always_inline), or load the program with "
            "CAP_BPF; `rawbpf doctor` shows your capabilities",
        )
    capability = (found.get("cap") or "CAP_BPF, and CAP_PERFMON for tracing").removesuffix(" only")
    return Finding(
        f"this requires {capability}",
        change=f"load the program with {capability}; `rawbpf doctor` shows your capabilities",
    )


def _address(failure: Failure, register: int, found: dict[str, str | None]) -> Finding:
    value = failure.value(register)
    what = is_a(register, value) if value is not None else f"r{register} is a pointer"
    if found.get("mixed"):
        sentence = f"r{register} may be negative or positive when it is added to a pointer"
        change = "limit r{register} with unsigned comparisons before the addition"
    elif found.get("paths"):
        sentence = f"{what}, and the number added to the pointer depends on the path"
        change = "do the addition separately on each path"
    else:
        sentence = f"{what}, and may temporarily point outside its memory"
        change = "add only numbers that keep the pointer inside its memory, such as a masked number"
    return Finding(
        f"{sentence}, which requires CAP_PERFMON",
        history(failure, register),
        change=f"{change}, or load the program with CAP_PERFMON",
    )


def _first_use(failure: Failure) -> tuple[Evidence, ...]:
    """Return the first instruction that calls a function or takes the address of one."""
    for slot, one in failure.instructions.items():
        if (one.opcode, one.src) in _USES:
            return (Evidence(f"the first such instruction is: {failure.text_at(slot)}", slot),)
    return ()


RULE = Rule(
    code="RB-V021",
    title="Missing capability",
    patterns=(
        # until 5.12; since 5.13
        r"(?P<what>function calls to other bpf functions) are allowed for",
        r"(?P<what>loading/calling other bpf or kernel functions) are allowed for",
        (
            r"R(?P<reg>\d\d?) has unknown scalar with (?P<mixed>mixed signed bounds)[^\n]{0,99}"
            r"for !root"
        ),
        r"R(?P<reg>\d\d?) [^\n]{1,40} from (?P<paths>different maps, paths)[^\n]{0,99}for !root",
        r"R(?P<reg>\d\d?) [^\n]{1,120} prohibited for !root",
        r"allowed for (?P<cap>CAP_\w+(?: and CAP_\w+)?|root only|priv\w* \w+)",
        r"requires (?P<cap>CAP_\w+)",
        r"only allowed for (?P<cap>CAP_\w+|root)",
    ),
    meaning=(
        "Without CAP_BPF, a program may have no functions of its own, no loops, and at most "
        "4096 instructions. Without CAP_PERFMON, a program may not learn kernel addresses, "
        "and a pointer must stay inside its memory after every instruction, even if it is "
        "not dereferenced."
    ),
    reason=(
        "The kernel also runs programs loaded by unprivileged users. Some attacks (Spectre) "
        "only need a program that computes an address without using it. Most "
        "distributions do not allow users to load programs without CAP_BPF."
    ),
    examples=(
        Example(
            '.program p, "socket"\n        call one\n        exit\n'
            ".function one\n        r0 = 1\n        exit\n",
            '.program p, "socket"\n        r0 = 1\n        exit\n',
            without=("CAP_BPF", "CAP_PERFMON"),
        ),
    ),
    explain=_explain,
)
