"""RB-V076: a program would change a return value that must not be modified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_failure: Failure, match: re.Match[str]) -> Finding:
    return Finding(
        f"programs may not change the return value of {match['place'] or 'another program'}",
        change=(
            "only observe the return value (fexit), or attach to a function that allows "
            "error injection, as listed in /sys/kernel/debug/error_injection/list"
        ),
    )


RULE = Rule(
    code="RB-V076",
    title="Return value may not be modified",
    patterns=(
        r"\b(?P<place>\w{1,512})\(\) is not modifiable",
        r"can't modify return codes of BPF programs(?P<place>)",
    ),
    meaning=(
        "The return value of a fmod_ret program replaces the return value of the function. "
        "Only a few functions allow this: LSM hooks, and functions marked with "
        "ALLOW_ERROR_INJECTION in the kernel or in a module."
    ),
    reason="Skipping a function is safe only if its callers are prepared for any error.",
    examples=(
        Example(
            '.license "GPL"\n.program p, "fmod_ret/vfs_read"\n        r0 = 0\n        exit\n',
            '.license "GPL"\n.program p, "fexit/vfs_read"\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
)
