"""RB-V073: a structure of the kernel is read beside its members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.rule import Example, Finding, Rule
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    found = match.groupdict()
    if " is expected" in failure.complaint:
        return None  # the argument of a call: another rule's
    memory = failure.effect.memory
    past = history(failure, memory.base) if memory is not None else ()
    if found.get("reg"):
        register = int(match["reg"])
        where = (
            "before its beginning" if found["how"] == "negative access" else "at an unknown offset"
        )
        return Finding(
            f"r{register} points to a structure of the kernel, which is read {where}",
            history(failure, register),
            change="read a member of it, by name in C",
        )
    return Finding(
        _sentence(found),
        past,
        change="read the member that is there with its own size; in C, let CO-RE find it",
    )


def _sentence(found: dict[str, str | None]) -> str:
    struct = f"struct {found['struct']}" if found.get("struct") else "the structure"
    what = f"the {found.get('size')} bytes at offset {found.get('off')} of {struct}"
    if found.get("none"):
        return f"{struct} has no member at offset {found['off']}"
    if found.get("behind"):
        return f"{what} are behind its end"
    if found.get("end"):
        return f"{what} reach beyond its member {found['member']}, which ends at {found['end']}"
    if found.get("pointer"):
        return (
            f"the member {found['pointer']} of {struct}, at offset {found['at']}, is a pointer: it "
            f"is read whole, not {found['size']} bytes at offset {found['off']}"
        )
    return f"what is read is no member: {found['said']}"


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
    title="A structure of the kernel is read beside its members",
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
            r"access (?P<behind>beyond) struct (?P<struct>[\w()]{1,80}) at off (?P<off>-?\d{1,9}) "
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
        "Through a typed pointer (fentry, tp_btf, LSM, iterators) a program reads a "
        "structure of the kernel directly. The offset and the size must be those of a "
        "member, or of a part of a number; a pointer in it is read whole."
    ),
    reason=(
        "The types are all that the verifier has to tell what is read: half of a "
        "pointer would be a number that is an address, and behind the structure is "
        "something else."
    ),
    examples=(
        Example(
            _SOCKET + "        r0 = *(u64 *)(r0 + 32760)\n" + _END,
            _SOCKET + "        r0 = *(u64 *)(r0 + 0)\n" + _END,
        ),
    ),
    explain=_explain,
)
