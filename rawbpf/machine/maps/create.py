"""Which class is which type of map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.maps.array import Array, PerCpuArray
from rawbpf.machine.maps.hash import Hash, LruHash, LruPerCpuHash, PerCpuHash
from rawbpf.machine.maps.output import PerfEventArray, RingBuf
from rawbpf.machine.maps.programs import ProgArray
from rawbpf.machine.maps.queue import Queue, Stack
from rawbpf.machine.maps.stack_trace import StackTrace
from rawbpf.uapi.bpf import bpf_map_type as kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.machine.maps.base import MachineMap, Room
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["KINDS", "create"]

KINDS: dict[kind, Callable[[MapSpec, Room, int], MachineMap]] = {
    kind.BPF_MAP_TYPE_ARRAY: Array,
    kind.BPF_MAP_TYPE_PERCPU_ARRAY: PerCpuArray,
    kind.BPF_MAP_TYPE_HASH: Hash,
    kind.BPF_MAP_TYPE_PERCPU_HASH: PerCpuHash,
    kind.BPF_MAP_TYPE_LRU_HASH: LruHash,
    kind.BPF_MAP_TYPE_LRU_PERCPU_HASH: LruPerCpuHash,
    kind.BPF_MAP_TYPE_PERF_EVENT_ARRAY: PerfEventArray,
    kind.BPF_MAP_TYPE_RINGBUF: RingBuf,
    kind.BPF_MAP_TYPE_PROG_ARRAY: ProgArray,
    kind.BPF_MAP_TYPE_STACK_TRACE: StackTrace,
    kind.BPF_MAP_TYPE_QUEUE: Queue,
    kind.BPF_MAP_TYPE_STACK: Stack,
}
"""What the machine has."""

_LARGEST_VALUE = 1 << 24


def create(spec: MapSpec, room: Room, cpus: int) -> MachineMap:
    """A map as its spec says. MachineError: the machine has no such map, or nobody could.

    >>> from rawbpf.machine.maps.base import Room
    >>> from rawbpf.specs.map_spec import MapSpec
    >>> hits = create(MapSpec("hits", kind.BPF_MAP_TYPE_HASH, 4, 8, 16), Room(), cpus=1)
    >>> hits.update(b"key1", bytes(8)), hits.delete(b"key2")
    (0, -2)
    """
    if spec.map_type not in KINDS:
        name = spec.map_type.name.removeprefix("BPF_MAP_TYPE_").lower()
        raise MachineError(f"map {spec.name!r} is a {name}", why="the machine has no such maps")
    if not 0 <= spec.value_size <= _LARGEST_VALUE or not 0 <= spec.key_size <= _LARGEST_VALUE:
        why = f"{max(spec.value_size, spec.key_size)} bytes in one value or key"
        raise MachineError(f"map {spec.name!r} is too big for the machine", why=why)
    return KINDS[spec.map_type](spec, room, cpus)
