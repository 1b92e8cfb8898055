"""RB-V008: packet bytes are read that may not be there.

The verifier does not know how long a packet is. It learns it from a comparison with data_end, and
notes in all copies of that address how many bytes are safe: `pkt(off=14,r=14)`, r for range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi.bpf import bpf_prog_type as types
from rawbpf.verifier.patch import Patch
from rawbpf.verifier.repairs import added_scalar, free_registers, leave_unless
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.snippets import PACKET
from rawbpf.verifier.words import history, number, range_of

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure
    from rawbpf.verifier.value import Value

_DATA_END = {types.BPF_PROG_TYPE_XDP: 4, types.BPF_PROG_TYPE_SCHED_CLS: 80}
"""Where a context has data_end: struct xdp_md, struct __sk_buff."""

_SIGN = 31


def _explain(failure: Failure, match: re.Match[str]) -> Finding | None:
    if match.groupdict().get("off") is None:
        return _negative(failure, int(match["reg"]))
    register, size = int(match["reg"]), int(match["size"])
    off = _own_offset(failure, register)
    safe = int(match["range"]) - (int(match["off"]) - off)
    if int(match["off"]) < 0:
        return Finding(
            f"{_bytes(off, size)} of r{register} may lie before the beginning of the packet",
            history(failure, register),
            change="read from data on, or behind it",
        )
    known = f"nothing but {_bytes(0, safe)}" if safe > 0 else "nothing"
    again = ", behind the addition: what was known before it is not known of the sum"
    return Finding(
        f"{_bytes(off, size)} of r{register} may lie beyond the end of the packet",
        (
            Evidence(
                f"r{register} points into the packet; {known} from there on is known to be in it"
            ),
            *_other_branch(failure),
            *history(failure, register),
        ),
        f"a packet that ends {f'{safe} bytes behind' if safe > 0 else 'at'} r{register}",
        f"compare r{register} + {off + size} with data_end first"
        + (again if added(failure, register) else ""),
    )


def _own_offset(failure: Failure, register: int) -> int:
    """The offset in the instruction. That in the log has in it what was added to the register."""
    memory = failure.effect.memory
    return memory.off if memory is not None and memory.base == register else 0


def _other_branch(failure: Failure) -> tuple[Evidence, ...]:
    """Addresses that the packet ends before: there was a comparison, and this is its other side.

    Their range is -1 or -2 then (see ``packet_end.py``).
    """
    known = {register: failure.value(register) for register in range(10)}
    return tuple(
        Evidence(f"on this branch the packet ends before r{register}")
        for register, value in known.items()
        if value is not None and value.kind == "pkt" and _negative_range(value)
    )


def _negative_range(value: Value) -> bool:
    """-1 and -2 are written as such, or as numbers without a sign of 32 or of 64 bits."""
    return value.field("r") < 0 or value.field("r") >> _SIGN > 0


def _negative(failure: Failure, register: int) -> Finding | None:
    """A number was added that may lead before the address; the message is that of all memory."""
    value, found = failure.value(register), added_scalar(failure, register)
    if value is None or not value.kind.startswith("pkt") or found is None:
        return None
    origin, scalar = found
    was = failure.value(scalar, origin.at)
    known = f"r{scalar}, which was added, is {range_of(was) if was is not None else 'not known'}"
    counter = f"r{scalar} = {number(was.smin)}" if was is not None and was.smin < 0 else ""
    return Finding(
        f"r{scalar} was added to an address in the packet, and may be negative",
        (Evidence(known, origin.step.slot), *history(failure, register)),
        counter,
        f"mask r{scalar}, or compare it unsigned, before it is added; then compare the sum with "
        "data_end",
    )


def _bytes(off: int, size: int) -> str:
    return f"byte {off}" if size == 1 else f"bytes {off} to {off + size - 1}"


def added(failure: Failure, register: int) -> bool:
    """Whether an unknown number was added to the address."""
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
    return Patch(f"leave unless the packet reaches {needed} bytes behind r{register}", (check,))


def _end(failure: Failure, free: list[int]) -> tuple[int | None, list[str]]:
    """A register that holds data_end, and what to do to get it there."""
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
    title="Access beyond the end of the packet",
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
        "Before a byte of the packet is read, its address must have been compared with data_end: "
        "`if data + 14 > data_end goto out` makes 14 bytes safe, also through copies of the "
        "address. Adding an unknown number makes a new address, which needs a comparison of its "
        "own."
    ),
    reason=(
        "Packets are as long as the sender likes. Behind a packet lies other memory of the kernel."
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
