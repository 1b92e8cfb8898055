"""RB-V006: an access is outside the stack frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.verifier.patch import Patch, added_scalar, insert, leave_unless
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.words import can_be, history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_STACK = 512


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    words = match.groupdict()
    if "for !root" in failure.message:
        return None  # for programs with CAP_PERFMON, the access is checked instead of the addition
    if words.get("var") is not None or not words.get("off"):
        return _variable(failure, match)
    off, size = int(words["off"]), int(words.get("size") or 1)
    if off >= -_STACK and off + size <= 0 and size:
        return None
    register = int(words.get("reg") or 10)
    called = failure.effect.name
    by = f" by {called}" if called else ""
    return Finding(
        f"the {size}-byte access{by} at r10{off:+d} is not inside the stack, which spans "
        "r10-512 to r10-1",
        history(failure, register) if register != 10 else (),
        counter=_beyond(off, off + size),
        change="use less stack, or keep large data in a map" if off < -_STACK else _shorter(off),
    )


def _beyond(start: int, end: int) -> str:
    if start < -_STACK:
        return f"the access starts {_bytes(-_STACK - start)} below the stack"
    return f"the access goes {_bytes(end)} past the end of the stack" if end > 0 else ""


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def _shorter(off: int) -> str:
    if off >= 0:
        return "use a negative offset from r10, such as r10-8"
    return f"access at most {_bytes(-off)} at r10{off:+d}, or use a lower address"


def _variable(failure: Failure, match: re.Match[str]) -> Finding:
    register = int(match.groupdict().get("reg") or 10)
    found = added_scalar(failure, register)
    evidence = history(failure, register)
    if found is None:
        return Finding("the offset into the stack has no bounds on this path", evidence)
    origin, scalar = found
    value = failure.value(scalar, origin.at)
    known = Evidence(
        f"r{scalar} {can_be(value)} when the addition runs",
        origin.step.slot,
    )
    return Finding(
        f"adding r{scalar} may move r{register} outside the stack, which spans r10-512 to r10-1",
        (known, *evidence),
        change=f"limit r{scalar} with a comparison or a mask before the addition",
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
    return Patch(f"pass {-off} as the size", (insert(failure.slot, f"r{size_register} = {-off}"),))


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
    return Patch(f"return 0 unless r{scalar} <= {room}", (edit,))


RULE = Rule(
    code="RB-V006",
    title="Out-of-bounds stack access",
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
            r"to|read from|write to) stack R(?P<reg>\d\d?)(?:.{0,200} size=(?P<size>\d{1,9}))?"
        ),
        r"R(?P<reg>\d\d?) (?P<var>unbounded|variable).{0,200} stack access",
        r"(?P<var>variable) stack (?:read )?(?:R(?P<reg>\d\d?) )?(?:access )?var_off",
    ),
    meaning=(
        "A stack frame is 512 bytes long, from r10-512 to r10-1, and every byte of an "
        "access must be inside the frame. If a number was added to the pointer, the access "
        "must be in bounds for every value that the number may have. The same applies to "
        "accesses by functions that receive a pointer and a size."
    ),
    reason=(
        "The memory above the frame contains registers that the kernel saved, and the "
        "memory below it is used by the next function call. A write to either area could "
        "change the kernel's behaviour."
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
