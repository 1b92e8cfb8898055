"""Tracing helpers: time, CPU, process, stacks, and reading memory outside the program.

All values come from the `World`. Reading unmapped memory fails with EFAULT, and the program
continues.
"""

from __future__ import annotations

import errno
from struct import pack
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.helpers.table import BUFFER, BYTES, CONTEXT, MAP, NUMBER, helper
from rawbpf.machine.maps.output import StackTrace
from rawbpf.uapi.bpf import BPF_F_SKIP_FIELD_MASK, BPF_F_USER_STACK

if TYPE_CHECKING:
    from rawbpf.machine.maps.base import MachineMap
    from rawbpf.machine.state import State

__all__: list[str] = []

_ADDRESS = 8


@helper("ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "ktime_get_tai_ns")
def ktime_get_ns(state: State) -> int:
    """Return the time in nanoseconds, which is the same for all clocks."""
    return state.clock.read()


@helper("get_prandom_u32")
def get_prandom_u32(state: State) -> int:
    """Return a random 32-bit number that depends only on the seed."""
    return state.clock.random()


@helper("get_smp_processor_id")
def get_smp_processor_id(state: State) -> int:
    """Return the number of the current CPU."""
    return state.world.cpu


@helper("get_numa_node_id")
def get_numa_node_id(_state: State) -> int:
    """Return 0, the number of the only NUMA node."""
    return 0


@helper("get_current_pid_tgid")
def get_current_pid_tgid(state: State) -> int:
    """Return the process ID in the upper 32 bits and the thread ID in the lower 32 bits."""
    return state.world.tgid << 32 | state.world.pid


@helper("get_current_uid_gid")
def get_current_uid_gid(state: State) -> int:
    """Return the group ID in the upper 32 bits and the user ID in the lower 32 bits."""
    return state.world.gid << 32 | state.world.uid


@helper("get_current_task", "get_current_task_btf")
def get_current_task(state: State) -> int:
    """Return the address of the current task_struct, which is unreadable by default."""
    return state.world.task


@helper("get_current_comm", BUFFER)
def get_current_comm(state: State, buffer: memoryview) -> int:
    """Copy the command name, truncated to the buffer and padded with NULs."""
    if not buffer:
        return -errno.EINVAL
    name = state.world.comm.encode(errors="surrogateescape")[: min(len(buffer), 16) - 1]
    buffer[:] = name.ljust(len(buffer), b"\0")
    return 0


@helper("get_stackid", CONTEXT, MAP, NUMBER)
def get_stackid(state: State, stacks: MachineMap, flags: int) -> int:
    """Store the current stack in a stack_trace map and return its ID."""
    if not isinstance(stacks, StackTrace):
        what = f"bpf_get_stackid on map {stacks.spec.name!r}"
        raise MachineError(what, why=f"the map has type {stacks.type_name}, not stack_trace")
    return stacks.remember(_stack(state, flags), flags)


@helper("get_stack", CONTEXT, BUFFER, NUMBER)
def get_stack(state: State, buffer: memoryview, flags: int) -> int:
    """Copy the current stack trace and return its length in bytes."""
    if len(buffer) % _ADDRESS:
        return -errno.EINVAL
    addresses = _stack(state, flags)[: len(buffer) // _ADDRESS]
    data = pack(f"<{len(addresses)}Q", *addresses)
    buffer[:] = data.ljust(len(buffer), b"\0")
    return len(data) or -errno.EFAULT


def _stack(state: State, flags: int) -> tuple[int, ...]:
    world = state.world
    stack = world.user_stack if flags & BPF_F_USER_STACK else world.kernel_stack
    return stack[flags & BPF_F_SKIP_FIELD_MASK :]


@helper("probe_read", "probe_read_kernel", "probe_read_user", "copy_from_user", BUFFER, NUMBER)
def probe_read(state: State, buffer: memoryview, address: int) -> int:
    """Copy memory; if any byte is inaccessible, write zeros and return -EFAULT."""
    try:
        buffer[:] = state.memory.view(address, len(buffer)) if buffer else b""
    except MachineError:
        buffer[:] = bytes(len(buffer))
        return -errno.EFAULT
    return 0


@helper("probe_read_str", "probe_read_kernel_str", "probe_read_user_str", BUFFER, NUMBER)
def probe_read_str(state: State, buffer: memoryview, address: int) -> int:
    """Copy a string, truncated to the buffer, and return its length including the NUL."""
    if not buffer:
        return 0
    region = state.memory.region_at(address)
    rest = b"" if region is None else bytes(region.data[address - region.base :][: len(buffer)])
    end = rest.find(b"\0")
    if end < 0 and len(rest) < len(buffer):
        buffer[:] = bytes(len(buffer))
        return -errno.EFAULT
    length = min(end % (len(buffer) + 1), len(buffer) - 1) + 1
    buffer[:length] = rest[: length - 1] + b"\0"
    return length


@helper("strncmp", BYTES, NUMBER)
def strncmp(state: State, one: bytes, other: int) -> int:
    """Compare a string with a NUL-terminated string, as strncmp does in C (Linux 5.17)."""
    view = state.memory.region_at(other)
    rest = b"" if view is None else bytes(view.data[other - view.base :])
    text = rest.partition(b"\0")[0]
    mine, theirs = one.partition(b"\0")[0], text[: len(one)]
    return (mine > theirs) - (mine < theirs)
