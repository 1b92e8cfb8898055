"""RB-V008: an access may be outside the packet.

The verifier does not know the length of a packet in advance. From a comparison with data_end, the
verifier learns how many bytes are safe to access, and records that range as r in all copies of the
pointer: `pkt(off=14,r=14)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi.bpf import bpf_prog_type as types
from rawbpf.verifier.patch import Patch, added_scalar, free_registers, leave_unless
from rawbpf.verifier.rule import PACKET, Evidence, Example, Finding, Rule
from rawbpf.verifier.words import can_be, history, number

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.value import Value

_DATA_END = {types.BPF_PROG_TYPE_XDP: 4, types.BPF_PROG_TYPE_SCHED_CLS: 80}
"""The offsets of data_end in struct xdp_md and in struct __sk_buff."""

_SIGN = 31


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    if match.groupdict().get("off") is None:
        return _negative(failure, int(match["reg"]))
    register, size = int(match["reg"]), int(match["size"])
    off = _own_offset(failure, register)
    safe = int(match["range"]) - (int(match["off"]) - off)
    if int(match["off"]) < 0:
        return Finding(
            f"{_bytes(register, off, size)} may be before the start of the packet",
            history(failure, register),
            change="access the packet only at or after data",
        )
    known = "no bytes" if safe <= 0 else "only 1 byte" if safe == 1 else f"only {safe} bytes"
    again = (
        ", after the addition, because a check of the pointer before the addition does not "
        "cover the sum"
    )
    return Finding(
        f"{_bytes(register, off, size)} may be past the end of the packet",
        (
            Evidence(
                f"r{register} points into the packet, but {known} from this address on were checked"
            ),
            *_other_branch(failure),
            *history(failure, register),
        ),
        f"a packet that ends {f'{safe} bytes after' if safe > 0 else 'at'} r{register}",
        f"compare r{register} + {off + size} with data_end first"
        + (again if added(failure, register) else ""),
    )


def _own_offset(failure: Failure, register: int) -> int:
    """Return the offset that the instruction itself contains.

    The offset in the log also includes that of the register.
    """
    memory = failure.effect.memory
    return memory.off if memory is not None and memory.base == register else 0


def _other_branch(failure: Failure) -> tuple[Evidence, ...]:
    """Return the pointers that are past the packet's end on this branch of a comparison.

    The range of such a pointer is -1 or -2 (see ``packet_end.py``).
    """
    known = {register: failure.value(register) for register in range(10)}
    return tuple(
        Evidence(f"on this branch the packet ends before r{register}")
        for register, value in known.items()
        if value is not None and value.kind == "pkt" and _negative_range(value)
    )


def _negative_range(value: Value) -> bool:
    """Return whether a range is -1 or -2, even if it was printed as an unsigned number."""
    return value.field("r") < 0 or value.field("r") >> _SIGN > 0


def _negative(failure: Failure, register: int) -> Finding | None:
    """Explain that a possibly negative number was added to a packet pointer."""
    value, found = failure.value(register), added_scalar(failure, register)
    if value is None or not value.kind.startswith("pkt") or found is None:
        return None
    origin, scalar = found
    was = failure.value(scalar, origin.at)
    known = f"r{scalar} {can_be(was)} when the addition runs"
    counter = f"r{scalar} = {number(was.smin)}" if was is not None and was.smin < 0 else ""
    return Finding(
        f"adding r{scalar} may move the pointer before the start of the packet",
        (Evidence(known, origin.step.slot), *history(failure, register)),
        counter,
        f"limit r{scalar} with a mask or an unsigned comparison before the addition, and "
        "then compare the sum with data_end",
    )


def _bytes(register: int, off: int, size: int) -> str:
    first, last = f"r{register}{off:+d}", f"r{register}{off + size - 1:+d}"
    return f"the byte at {first}" if size == 1 else f"the bytes at {first} to {last}"


def _count(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


def added(failure: Failure, register: int) -> bool:
    """Return whether an unknown number has been added to the pointer."""
    value = failure.value(register)
    return value is not None and value.is_variable


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    if match.groupdict().get("off") is None:
        return None
    register = int(match["reg"])
    needed = _own_offset(failure, register) + int(match["size"])
    free = free_registers(failure)
    if failure.slot is None or not free or needed < 0 or int(match["off"]) < 0:
        return None
    end, before = _end(failure, free[1:])
    if end is None:
        return None
    scratch = free[0]
    check = leave_unless(
        failure.slot,
        f"r{scratch} <= r{end}",
        *before,
        f"r{scratch} = r{register}",
        f"r{scratch} += {needed}",
    )
    return Patch(f"return 0 unless the packet has {_count(needed)} from r{register} on", (check,))


def _end(failure: Failure, free: list[int]) -> tuple[int | None, list[str]]:
    """Return a register that contains data_end, and the instructions that load data_end."""
    known = {register: failure.value(register) for register in range(10)}
    for register, value in known.items():
        if value is not None and value.kind == "pkt_end":
            return register, []
    offset = _DATA_END.get(failure.spec.prog_type) if failure.spec else None
    for register, value in known.items():
        if value is not None and value.kind == "ctx" and not value.off and free and offset:
            return free[0], [f"r{free[0]} = *(u32 *)(r{register} + {offset})"]
    return None, []


_PICK = (
    '.program pick, "xdp"\n'
    + PACKET
    + "        r5 = *(u32 *)(r1 + 16)              ; rx_queue_index\n"
    "        r5 &= 7\n"
)
_READ = """\
        r4 = r2
        r4 += 1
        if r4 > r3 goto out
        r0 = *(u8 *)(r2 + 0)
out:    r0 = 2
        exit
"""

RULE = Rule(
    code="RB-V008",
    title="Out-of-bounds packet access",
    patterns=(
        (
            r"invalid access to packet, off=(?P<off>-?\d{1,9}) size=(?P<size>\d{1,9}), "
            r"R(?P<reg>\d\d?)\(id=\d{1,9},off=-?\d{1,9},r=(?P<range>\d{1,9})\)"
        ),
        (
            r"R(?P<reg>\d\d?) min value is negative, either use unsigned index or do a if \(index "
            r">=0\) check"
        ),
    ),
    meaning=(
        "Before a program accesses a byte of the packet, it must compare the byte's address "
        "with data_end. After `if data + 14 > data_end goto out`, 14 bytes are safe to "
        "access, also through copies of the pointer. If an unknown number is added to the "
        "pointer, the sum is a new pointer and needs its own comparison."
    ),
    reason=(
        "The sender decides how long a packet is. The memory after the packet belongs to "
        "the kernel."
    ),
    examples=(
        Example(
            '.program first, "xdp"\n' + PACKET + "        r0 = *(u8 *)(r2 + 0)\n"
            "        r0 = 2\n        exit\n",
            '.program first, "xdp"\n' + PACKET + "        r4 = r2\n        r4 += 1\n"
            "        if r4 > r3 goto out\n        r0 = *(u8 *)(r2 + 0)\n"
            "out:    r0 = 2\n        exit\n",
        ),
        Example(
            _PICK + "        r5 -= 4\n        r2 += r5\n" + _READ,
            _PICK + "        r2 += r5\n" + _READ,
        ),
    ),
    explain=_explain,
    repair=_repair,
)
