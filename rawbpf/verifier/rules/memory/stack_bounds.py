"""RB-V006: an access outside of the stack frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, insert
from rawbpf.verifier.repairs import added_scalar, leave_unless
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import history, range_of

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_STACK = 512


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    words = match.groupdict()
    if "for !root" in failure.complaint:
        return None  # with more rights the sum would be looked at when it is used, not before
    if words.get("var") is not None or not words.get("off"):
        return _variable(failure, match)
    off, size = int(words["off"]), int(words.get("size") or 1)
    if off >= -_STACK and off + size <= 0 and size:
        return None
    register = int(words.get("reg") or 10)
    beyond = f"r10{off:+d} ... r10{off + size - 1:+d}"
    called = failure.effect.name
    by = f"for {called} " if called else ""
    what = f"{size} bytes {by}at {beyond} are not all"
    if size == 0:
        what = f"address {by}at r10{off:+d} is not"
    if size == 1:
        what = f"byte {by}at r10{off:+d} is not"
    return Finding(
        f"the {what} in the stack, which is r10-512 ... r10-1",
        history(failure, register) if register != 10 else (),
        counter=f"{-_STACK - off} bytes too low"
        if off < -_STACK
        else f"{off + size} bytes too high",
        change="use less stack, or a map for what is large" if off < -_STACK else _shorter(off),
    )


def _shorter(off: int) -> str:
    if off >= 0:
        return "address the stack downwards from r10, as in r10-8"
    return f"from r10{off:+d} only {-off} bytes are left: give a smaller size, or a lower address"


def _variable(failure: Failure, match: re.Match[str]) -> Finding:
    register = int(match.groupdict().get("reg") or 10)
    found = added_scalar(failure, register)
    evidence = history(failure, register)
    if found is None:
        return Finding("an address in the stack is not bounded on this path", evidence)
    origin, scalar = found
    value = failure.value(scalar, origin.at)
    known = Evidence(
        f"r{scalar}, which was added, is {range_of(value) if value else 'not known'}",
        origin.step.slot,
    )
    return Finding(
        f"r{register} is in the stack, r{scalar} was added to it, and the sum may leave the frame",
        (known, *evidence),
        change=f"bound r{scalar} before it is added",
    )


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    words = match.groupdict()
    register = int(words.get("reg") or 10)
    if words.get("var") is not None or not words.get("off"):
        return _bound(failure, register, int(words.get("size") or 8))
    off = int(words["off"])
    size_register = register + 1
    value = failure.value(size_register) if failure.effect.kind == "call" else None
    if failure.slot is None or value is None or not -_STACK <= off < 0:
        return None
    return Patch(f"give {-off} as the size", (insert(failure.slot, f"r{size_register} = {-off}"),))


def _bound(failure: Failure, register: int, size: int) -> Patch | None:
    found = added_scalar(failure, register)
    if found is None:
        return None
    origin, scalar = found
    before = failure.value(register, origin.at)
    room = -before.off - size if before is not None and before.kind == "fp" else -1
    if room < 0:
        return None
    edit = leave_unless(origin.step.slot, f"r{scalar} <= {room}")
    return Patch(f"leave unless r{scalar} is at most {room}", (edit,))


RULE = Rule(
    code="RB-V006",
    title="Access outside of the stack",
    patterns=(
        (
            r"invalid (?:read from|write to) stack R(?P<reg>\d\d?) off=(?P<off>-?\d{1,9}) "
            r"size=(?P<size>\d{1,9})"
        ),
        (
            r"invalid (?:indirect )?access to stack R(?P<reg>\d\d?) off=(?P<off>-?\d{1,9}) "
            r"size=(?P<size>\d{1,9})"
        ),
        r"invalid stack (?:off=(?P<off>-?\d{1,9}) size=(?P<size>\d{1,9})|type R(?P<reg>\d\d?))",
        (
            r"invalid (?P<var>variable-offset|unbounded variable-offset)(?: indirect)? (?:access "
            r"to|read from|write to) stack R(?P<reg>\d\d?)(?:.* size=(?P<size>\d{1,9}))?"
        ),
        r"R(?P<reg>\d\d?) (?P<var>unbounded|variable).* stack access",
        r"(?P<var>variable) stack (?:read )?(?:R(?P<reg>\d\d?) )?(?:access )?var_off",
    ),
    meaning=(
        "A frame has 512 bytes, r10-512 to r10-1, and an access must be inside with all its bytes, "
        "whatever was added to the address. The same holds for functions that are handed an "
        "address "
        "and a size."
    ),
    reason=(
        "Behind the frame lie the saved registers of the kernel, below it whatever the next "
        "function will use. A write there would change what the kernel does."
    ),
    examples=(
        Example(
            '.program low, "socket"\n        *(u64 *)(r10 - 520) = 0\n        r0 = 0\n'
            "        exit\n",
            '.program low, "socket"\n        *(u64 *)(r10 - 512) = 0\n        r0 = 0\n'
            "        exit\n",
        ),
        Example(
            '.license "GPL"\n.program read, "kprobe"\n        r3 = r1\n        r1 = r10\n'
            "        r1 += -8\n        r2 = 16\n        call probe_read_kernel\n        r0 = 0\n"
            "        exit\n",
            '.license "GPL"\n.program read, "kprobe"\n        r3 = r1\n        r1 = r10\n'
            "        r1 += -16\n        r2 = 16\n        call probe_read_kernel\n        r0 = 0\n"
            "        exit\n",
        ),
    ),
    explain=_explain,
    repair=_repair,
)
