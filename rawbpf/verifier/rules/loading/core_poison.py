"""RB-V019: an instruction needs a field, type or function that this kernel does not have.

The loader (libbpf or rawbpf) cannot know whether the instruction will ever be reached. The loader
therefore replaces the instruction with a call to a function that no kernel has. The number of that
function indicates the reason: 0xbad2310 for CO-RE relocations, 0xbad2311 (2002000000 + index in
libbpf) for missing kfuncs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Evidence, Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_CORE_POISON = 0xBAD2310
_KFUNC_POISON = 2002000000
_MAP_POISON = 2001000000
_MOST = 1_000_000


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    number = int(match["number"])
    if number == _CORE_POISON:
        what = "a type or field that this kernel lacks"
    elif _KFUNC_POISON <= number < _KFUNC_POISON + _MOST:
        what = "a kernel function that this kernel lacks"
    elif _MAP_POISON <= number < _MAP_POISON + _MOST:
        what = "a map that was not created"
    else:
        return None
    text = failure.text_at(failure.slot)
    return Finding(
        f"this instruction needs {what}",
        (Evidence(f"the loader replaced the instruction with a call to function {number}: {text}"),)
        if text
        else (),
        change=(
            "check first whether it exists, with bpf_core_field_exists(), "
            "bpf_core_type_exists() or bpf_ksym_exists()"
        ),
    )


RULE = Rule(
    code="RB-V019",
    title="Field or function missing from this kernel",
    patterns=(r"invalid func unknown#(?P<number>\d{1,10})",),
    meaning=(
        "The program was compiled against the types of another kernel. The loader replaced "
        "an instruction that needs a missing field, type or function with an invalid "
        "instruction, and the verifier found a path to this instruction."
    ),
    reason=(
        "A program may check whether a field exists, and work without it. In that case, the "
        "verifier knows that the invalid instruction is never reached. An instruction with "
        "a wrong offset would instead read unrelated data."
    ),
    examples=(
        Example(
            '.program gone, "socket"\n        call 195896080\n        r0 = 0\n        exit\n',
            '.program gone, "socket"\n        r1 = 0                              ; exists: no\n'
            "        if r1 == 0 goto out\n        call 195896080\nout:    r0 = 0\n        exit\n",
        ),
    ),
    explain=_explain,
)
