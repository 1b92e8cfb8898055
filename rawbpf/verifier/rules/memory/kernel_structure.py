"""RB-V073: an access to a kernel structure does not match any of its members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    found = match.groupdict()
    if " is expected" in failure.message:
        return None  # the rule for arguments explains this message
    memory = failure.effect.memory
    past = history(failure, memory.base) if memory is not None else ()
    if found.get("reg"):
        register = int(match["reg"])
        where = (
            "at a negative offset" if found["how"] == "negative access" else "at an unknown offset"
        )
        return Finding(
            f"r{register} points to a kernel structure, which is accessed {where}",
            history(failure, register),
            change="access a member of the structure; in C, access it by name",
        )
    return Finding(
        _sentence(found),
        past,
        change="read a member at its own offset and size; in C, let CO-RE find the offset",
    )


def _sentence(found: dict[str, str | None]) -> str:
    struct = f"struct {found['struct']}" if found.get("struct") else "the structure"
    what = f"the {found.get('size')}-byte access at offset {found.get('off')} of {struct}"
    if found.get("none"):
        return f"{struct} has no member at offset {found['off']}"
    if found.get("beyond"):
        return f"{what} is past the end of the structure"
    if found.get("end"):
        return f"{what} goes past the end of member {found['member']}, at offset {found['end']}"
    if found.get("pointer"):
        return (
            f"member {found['pointer']} at offset {found['at']} of {struct} is a pointer and must "
            f"be read as a whole, but {found['size']} bytes at offset {found['off']} are read"
        )
    return f"the access does not match a member: {found['said']}"


_SOCKET = """\
.license "GPL"
.program far, "tc"
        r1 = *(u64 *)(r1 + 168)             ; sk
        if r1 == 0 goto out
        call skc_to_tcp_sock
        if r0 == 0 goto out
"""
_END = "out:    r0 = 0\n        exit\n"

RULE = Rule(
    code="RB-V073",
    title="Invalid access to a kernel structure",
    patterns=(
        (
            r"R(?P<reg>\d\d?) is (?P<type>\w{1,80}) invalid (?P<how>negative "
            r"access|variable offset)"
        ),
        r"(?P<said>R\d\d? is ptr_\w{1,80} (?:invalid variable offset|access \w{1,9} memory))",
        (
            r"cannot access ptr member (?P<pointer>\w{1,80}) with moff (?P<at>\d{1,9}) in struct "
            r"(?P<struct>[\w()]{1,80}) with off (?P<off>-?\d{1,9}) size (?P<size>\d{1,9})"
        ),
        (
            r"access (?P<beyond>beyond) struct (?P<struct>[\w()]{1,80}) at off (?P<off>-?\d{1,9}) "
            r"size (?P<size>\d{1,9})"
        ),
        (
            r"access beyond the end of member (?P<member>\w{1,80}) \(mend:(?P<end>\d{1,9})\) in "
            r"struct (?P<struct>[\w()]{1,80}) with off (?P<off>-?\d{1,9}) size (?P<size>\d{1,9})"
        ),
        r"struct (?P<struct>\w{1,80}) (?P<none>doesn't have) field at offset (?P<off>\d{1,9})",
        r"(?P<said>type '[^'\n]{1,80}' is not a struct)",
    ),
    meaning=(
        "Through a typed pointer (in fentry, tp_btf, LSM and iterator programs), a program "
        "reads a kernel structure directly. The offset and size must match a member, or "
        "part of an integer member. A member that is a pointer must be read as a whole."
    ),
    reason=(
        "The verifier knows this memory only through its BTF types. Half of a pointer "
        "would become a scalar that reveals part of an address, and the memory after the "
        "structure belongs "
        "to another object."
    ),
    examples=(
        Example(
            _SOCKET + "        r0 = *(u64 *)(r0 + 32760)\n" + _END,
            _SOCKET + "        r0 = *(u64 *)(r0 + 0)\n" + _END,
        ),
    ),
    explain=_explain,
)
