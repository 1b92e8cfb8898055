"""Helpers that ask about the world: time, CPU, process, stack. All answers are in `world.py`."""

from __future__ import annotations

import errno
from struct import pack
from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.helpers.arguments import CONTEXT, MAP, NUMBER, ROOM
from rawbpf.machine.helpers.table import helper
from rawbpf.machine.maps.stack_trace import StackTrace
from rawbpf.uapi.bpf import BPF_F_SKIP_FIELD_MASK, BPF_F_USER_STACK

if TYPE_CHECKING:
    from rawbpf.machine.machine import Machine
    from rawbpf.machine.maps.base import MachineMap

__all__: list[str] = []

_ADDRESS = 8


@helper("ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "ktime_get_tai_ns")
def ktime_get_ns(machine: Machine) -> int:
    """Nanoseconds; the machine has one clock for all of these."""
    return machine.clock.read()


@helper("get_prandom_u32")
def get_prandom_u32(machine: Machine) -> int:
    """A random number."""
    return machine.clock.random()


@helper("get_smp_processor_id")
def get_smp_processor_id(machine: Machine) -> int:
    """The CPU."""
    return machine.world.cpu


@helper("get_numa_node_id")
def get_numa_node_id(_machine: Machine) -> int:
    """The machine has one node."""
    return 0


@helper("get_current_pid_tgid")
def get_current_pid_tgid(machine: Machine) -> int:
    """What user space calls process in the high half, and thread in the low one."""
    return machine.world.tgid << 32 | machine.world.pid


@helper("get_current_uid_gid")
def get_current_uid_gid(machine: Machine) -> int:
    """The group in the high half, the user in the low one."""
    return machine.world.gid << 32 | machine.world.uid


@helper("get_current_task", "get_current_task_btf")
def get_current_task(machine: Machine) -> int:
    """The address of struct task_struct. Nothing is there unless memory was given."""
    return machine.world.task


@helper("get_current_comm", ROOM)
def get_current_comm(machine: Machine, room: memoryview) -> int:
    """The command's name, cut to fit, with a NUL behind and zeroes after it."""
    if not room:
        return -errno.EINVAL
    name = machine.world.comm.encode(errors="surrogateescape")[: min(len(room), 16) - 1]
    room[:] = name.ljust(len(room), b"\0")
    return 0


@helper("get_stackid", CONTEXT, MAP, NUMBER)
def get_stackid(machine: Machine, stacks: MachineMap, flags: int) -> int:
    """Keep the stack; its id."""
    if not isinstance(stacks, StackTrace):
        what = f"bpf_get_stackid on map {stacks.spec.name!r}"
        raise MachineError(what, why=f"it is a {stacks.kind}, not a stack_trace")
    return stacks.remember(_stack(machine, flags), flags)


@helper("get_stack", CONTEXT, ROOM, NUMBER)
def get_stack(machine: Machine, room: memoryview, flags: int) -> int:
    """Copy the stack; how many bytes."""
    if len(room) % _ADDRESS:
        return -errno.EINVAL
    addresses = _stack(machine, flags)[: len(room) // _ADDRESS]
    data = pack(f"<{len(addresses)}Q", *addresses)
    room[:] = data.ljust(len(room), b"\0")
    return len(data) or -errno.EFAULT


def _stack(machine: Machine, flags: int) -> tuple[int, ...]:
    world = machine.world
    stack = world.user_stack if flags & BPF_F_USER_STACK else world.kernel_stack
    return stack[flags & BPF_F_SKIP_FIELD_MASK :]
