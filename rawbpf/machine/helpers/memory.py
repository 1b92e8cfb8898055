"""Helpers that read memory of others: where nothing is, they fail, and the program goes on."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.helpers.arguments import BYTES, NUMBER, ROOM
from rawbpf.machine.helpers.table import helper

if TYPE_CHECKING:
    from rawbpf.machine.machine import Machine

__all__: list[str] = []


@helper("probe_read", "probe_read_kernel", "probe_read_user", "copy_from_user", ROOM, NUMBER)
def probe_read(machine: Machine, room: memoryview, address: int) -> int:
    """Copy; -EFAULT and zeroes when not all of it is there."""
    try:
        room[:] = machine.memory.view(address, len(room)) if room else b""
    except MachineError:
        room[:] = bytes(len(room))
        return -errno.EFAULT
    return 0


@helper("probe_read_str", "probe_read_kernel_str", "probe_read_user_str", ROOM, NUMBER)
def probe_read_str(machine: Machine, room: memoryview, address: int) -> int:
    """Copy up to a NUL, and end with one in any case; how many bytes that was, with the NUL."""
    if not room:
        return 0
    region = machine.memory.region_at(address)
    rest = b"" if region is None else bytes(region.data[address - region.base :][: len(room)])
    end = rest.find(b"\0")
    if end < 0 and len(rest) < len(room):
        room[:] = bytes(len(room))
        return -errno.EFAULT
    length = min(end % (len(room) + 1), len(room) - 1) + 1
    room[:length] = rest[: length - 1] + b"\0"
    return length


@helper("strncmp", BYTES, NUMBER)
def strncmp(machine: Machine, one: bytes, other: int) -> int:
    """Compare with a string that ends in a NUL: below, above or equal to 0 (Linux 5.17)."""
    view = machine.memory.region_at(other)
    rest = b"" if view is None else bytes(view.data[other - view.base :])
    text = rest.partition(b"\0")[0]
    mine, theirs = one.partition(b"\0")[0], text[: len(one)]
    return (mine > theirs) - (mine < theirs)
