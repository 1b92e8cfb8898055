"""RB-V021: allowed to those with more rights.

Two capabilities decide what the verifier is strict about (5.8). Without CAP_BPF: no functions of
the program, no loops, 4096 instructions. Without CAP_PERFMON: no kernel addresses for anybody, and
an address may not leave its memory even for a moment, for a CPU that guesses branches (Spectre) may
use it before it has been checked. Since 6.7 the latter is not asked where the system was booted
with mitigations=off. "!root" in the messages is from the times before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, is_a

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_USES = {(0x85, 1), (0x85, 2), (0x18, 4)}  # a call: its own, the kernel's; an address: its own


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    found = match.groupdict()
    if found.get("reg"):
        return _address(failure, int(found["reg"]), found)
    if found.get("what"):
        return Finding(
            "a program with functions of its own, or of the kernel, is loaded only with CAP_BPF",
            _first_use(failure),
            change="make the functions a part of the program (static __always_inline), or load it "
            "with CAP_BPF; `rawbpf doctor` shows what you have",
        )
    capability = (found.get("cap") or "CAP_BPF, and CAP_PERFMON for tracing").strip()
    return Finding(
        f"this is allowed only with {capability}",
        change=f"run it with {capability}; `rawbpf doctor` shows what you have",
    )


def _address(failure: Failure, register: int, found: dict[str, str | None]) -> Finding:
    value = failure.value(register)
    what = is_a(register, value) if value is not None else f"r{register} is an address"
    if found.get("mixed"):
        sentence = f"r{register} may be negative as well as positive, and is added to an address"
        change = "bound it by unsigned comparisons before it is added"
    elif found.get("paths"):
        sentence = f"{what}, and what is added to it depends on the path"
        change = "do the addition on each path by itself"
    else:
        sentence = f"{what}, and may leave what it points to here, if only before it is used"
        change = "add only what is sure to stay inside, such as a masked number"
    return Finding(
        f"{sentence}, which takes CAP_PERFMON",
        history(failure, register),
        change=f"{change}, or load the program with CAP_PERFMON",
    )


def _first_use(failure: Failure) -> tuple[Evidence, ...]:
    """Where a function is called, or its address taken."""
    for slot, one in failure.instructions.items():
        if (one.opcode, one.src) in _USES:
            return (Evidence(f"the first one: {failure.text_at(slot)}", slot),)
    return ()


RULE = Rule(
    code="RB-V021",
    title="Needs more rights",
    patterns=(
        # until 5.12, then since
        r"(?P<what>function calls to other bpf functions) are allowed for",
        r"(?P<what>loading/calling other bpf or kernel functions) are allowed for",
        r"R(?P<reg>\d\d?) has unknown scalar with (?P<mixed>mixed signed bounds)[^\n]*for !root",
        r"R(?P<reg>\d\d?) [^\n]{1,40} from (?P<paths>different maps, paths)[^\n]*for !root",
        r"R(?P<reg>\d\d?) [^\n]{1,120} prohibited for !root",
        r"allowed for (?P<cap>CAP_\w+(?: and CAP_\w+)?|root only|priv\w* \w+)",
        r"requires (?P<cap>CAP_\w+)",
        r"only allowed for (?P<cap>CAP_\w+|root)",
    ),
    meaning=(
        "Without CAP_BPF a program may do little: no functions of its own, no loops, no more than "
        "4096 instructions. Without CAP_PERFMON it may not learn addresses of the kernel, and an "
        "address must stay inside of its memory at every step, also before it is used."
    ),
    reason=(
        "Programs of anybody run in the kernel, and some attacks (Spectre) need no more than a "
        "program that computes an address which it never uses. Most distributions do not let those "
        "without CAP_BPF load any program at all."
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
