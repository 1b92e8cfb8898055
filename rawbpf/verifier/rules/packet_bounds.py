"""RB-V008: packet bytes are read that may not be there.

The verifier does not know how long a packet is. It learns it from a comparison with data_end, and
notes in all copies of that address how many bytes are safe: `pkt(off=14,r=14)`, r for range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi.bpf import bpf_prog_type as types
from rawbpf.verifier.patch import Patch
from rawbpf.verifier.repairs import free_registers, leave_unless
from rawbpf.verifier.rule import Evidence, Example, Finding, Rule
from rawbpf.verifier.snippets import PACKET
from rawbpf.verifier.words import history

if TYPE_CHECKING:
    import re

    from rawbpf.verifier.failure import Failure

_DATA_END = {types.BPF_PROG_TYPE_XDP: 4, types.BPF_PROG_TYPE_SCHED_CLS: 80}
"""Where a context has data_end: struct xdp_md, struct __sk_buff."""


def _explain(failure: Failure, match: re.Match[str]) -> Finding:
    register, safe = int(match["reg"]), int(match["range"])
    off, size = int(match["off"]), int(match["size"])
    varies = added(failure, register)
    checked = f"{safe} bytes from there are known to be in the packet" if safe else "no byte is"
    return Finding(
        f"{_bytes(off, size)} behind r{register} may lie beyond the end of the packet",
        (
            Evidence(f"r{register} points into the packet, and {checked}"),
            *history(failure, register),
        ),
        counter=f"a packet that ends {'right there' if not safe else f'{safe} bytes from there'}",
        change=f"compare r{register} + {off + size} with data_end first"
        + (
            ", behind the addition: what was known before it is not known of the sum"
            if varies
            else ""
        ),
    )


def _bytes(off: int, size: int) -> str:
    return f"byte {off}" if size == 1 else f"bytes {off} to {off + size - 1}"


def added(failure: Failure, register: int) -> bool:
    """Whether an unknown number was added to the address."""
    value = failure.value(register)
    return value is not None and value.is_variable


def _repair(failure: Failure, match: re.Match[str]) -> Patch | None:
    register, needed = int(match["reg"]), int(match["off"]) + int(match["size"])
    free = free_registers(failure)
    if failure.slot is None or not free or needed < 0:
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
    known = {number: failure.value(number) for number in range(10)}
    for number, value in known.items():
        if value is not None and value.kind == "pkt_end":
            return number, []
    offset = _DATA_END.get(failure.spec.prog_type) if failure.spec else None
    for number, value in known.items():
        if value is not None and value.kind == "ctx" and not value.off and free and offset:
            return free[0], [f"r{free[0]} = *(u32 *)(r{number} + {offset})"]
    return None, []


RULE = Rule(
    code="RB-V008",
    title="Access beyond the end of the packet",
    patterns=(
        (
            r"invalid access to packet, off=(?P<off>-?\d{1,9}) size=(?P<size>\d{1,9}), "
            r"R(?P<reg>\d\d?)\(id=\d{1,9},off=-?\d{1,9},r=(?P<range>\d{1,9})\)"
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
    ),
    explain=_explain,
    repair=_repair,
)
