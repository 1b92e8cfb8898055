"""RB-V076: a program is to change the result of a function whose result nobody may change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(_failure: Failure, match: re.Match[str]) -> Finding:
    return Finding(
        f"no program may change the result of {match['place'] or 'another program'}",
        change="look at the result instead (fexit), or sit at a function that errors may be "
        "injected into: /sys/kernel/debug/error_injection/list has those, if the kernel has any",
    )


RULE = Rule(
    code="RB-V076",
    title="A result that no program may change",
    patterns=(
        r"(?P<place>\w{1,512})\(\) is not modifiable",
        r"can't modify return codes of BPF programs(?P<place>)",
    ),
    meaning=(
        "What a program of the section fmod_ret returns is the function's result, instead of its "
        "own. Few functions may be replaced so: those that the kernel marks with "
        "ALLOW_ERROR_INJECTION, in modules as well, and hooks of security modules."
    ),
    reason=(
        "Only where callers are prepared for any error is it safe that the function did not run."
    ),
    examples=(
        Example(
            '.license "GPL"\n.program p, "fmod_ret/vfs_read"\n        r0 = 0\n        exit\n',
            '.license "GPL"\n.program p, "fexit/vfs_read"\n        r0 = 0\n        exit\n',
        ),
    ),
    explain=_explain,
)
