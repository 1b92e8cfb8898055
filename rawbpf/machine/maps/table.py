"""The maps of a machine, accessible by name and by the addresses that programs use.

A map is created when a program first refers to it. The memory at the address of a map is not
readable; only helpers accept the address. A value gets an address when a program looks it up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import MachineError
from rawbpf.machine.maps.array import Array, PerCpuArray, ProgArray
from rawbpf.machine.maps.hash import Hash, LruHash, LruPerCpuHash, PerCpuHash
from rawbpf.machine.maps.output import PerfEventArray, RingBuf, StackTrace
from rawbpf.machine.maps.queue import Queue, Stack
from rawbpf.machine.region import ELEMENTS, MAPS, Region
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rawbpf.machine.maps.base import MachineMap, Quota
    from rawbpf.machine.memory import Memory
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["MAP_TYPES", "MapTable", "create"]

MAP_TYPES: dict[bpf_map_type, Callable[[MapSpec, Quota, int], MachineMap]] = {
    bpf_map_type.BPF_MAP_TYPE_ARRAY: Array,
    bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY: PerCpuArray,
    bpf_map_type.BPF_MAP_TYPE_HASH: Hash,
    bpf_map_type.BPF_MAP_TYPE_PERCPU_HASH: PerCpuHash,
    bpf_map_type.BPF_MAP_TYPE_LRU_HASH: LruHash,
    bpf_map_type.BPF_MAP_TYPE_LRU_PERCPU_HASH: LruPerCpuHash,
    bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY: PerfEventArray,
    bpf_map_type.BPF_MAP_TYPE_RINGBUF: RingBuf,
    bpf_map_type.BPF_MAP_TYPE_PROG_ARRAY: ProgArray,
    bpf_map_type.BPF_MAP_TYPE_STACK_TRACE: StackTrace,
    bpf_map_type.BPF_MAP_TYPE_QUEUE: Queue,
    bpf_map_type.BPF_MAP_TYPE_STACK: Stack,
}
"""The map types that the interpreter implements."""

_LARGEST_VALUE = 1 << 24
_STRIDE = 0x1000
_SHOWN = 8

_ADDRESS_COST = 256
"""The approximate number of bytes needed to record the address of a value.

A program can repeatedly replace and look up a value, and each new value gets a new address."""


def create(spec: MapSpec, quota: Quota, cpus: int) -> MachineMap:
    """Create a map from its spec.

    Raises MachineError if the interpreter does not support the map type or the spec is invalid.

    >>> from rawbpf.machine.maps.base import Quota
    >>> from rawbpf.specs.map_spec import MapSpec
    >>> spec = MapSpec("hits", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 8, 16)
    >>> hits = create(spec, Quota(), cpus=1)
    >>> hits.update(b"key1", bytes(8)), hits.delete(b"key2")
    (0, -2)
    """
    if spec.map_type not in MAP_TYPES:
        name = spec.map_type.name.removeprefix("BPF_MAP_TYPE_").lower()
        raise MachineError(
            f"map {spec.name!r} has type {name}", why="the interpreter does not support this type"
        )
    if not 0 <= spec.value_size <= _LARGEST_VALUE or not 0 <= spec.key_size <= _LARGEST_VALUE:
        why = f"a key or value of {max(spec.value_size, spec.key_size)} bytes is too large"
        raise MachineError(f"map {spec.name!r} is too large for the interpreter", why=why)
    return MAP_TYPES[spec.map_type](spec, quota, cpus)


class MapTable:
    """The maps that programs can refer to; ``contents`` holds the values of one-element maps."""

    def __init__(
        self,
        specs: Iterable[MapSpec],
        contents: Mapping[str, bytes],
        memory: Memory,
        quota: Quota,
        cpus: int,
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._contents = contents
        self._memory, self._quota, self._cpus = memory, quota, cpus
        self._maps: dict[str, MachineMap] = {}
        self._values: dict[
            int, Region
        ] = {}  # keyed by the identity of the bytes object of each value

    def __getitem__(self, name: str | int) -> MachineMap:
        if name not in self._maps:
            if isinstance(name, int):
                what = f"the program refers to a map by the number {name}"
                raise MachineError(what, why="the interpreter needs a map name")
            if name not in self._specs:
                raise MachineError(
                    f"the program refers to map {name!r}", why="the map is not defined"
                )
            self._maps[name] = create(self._specs[name], self._quota, self._cpus)
            if name in self._contents:
                self._maps[name].update(bytes(4), self._contents[name])
        return self._maps[name]

    def __iter__(self) -> Iterator[MachineMap]:
        return iter(self._maps.values())

    def address(self, name: str | int) -> int:
        """Return the address that represents a map."""
        map_ = self[name]
        return MAPS.base + _STRIDE * list(self._maps.values()).index(map_)

    def at(self, address: int) -> MachineMap:
        """Return the map at this address; raise MachineError if there is no map."""
        index, rest = divmod(address - MAPS.base, _STRIDE)
        if rest or not 0 <= index < len(self._maps):
            name = self._memory.name(address)
            what = f"called with {address:#x}{f' ({name})' if name else ''} as map"
            raise MachineError(what, why="the argument is not the address of a map")
        return list(self._maps.values())[index]

    def value_address(self, map_: MachineMap, key: bytes, value: bytearray | None) -> int:
        """Return an address at which the program can access a value; for None, return 0 (NULL)."""
        if value is None:
            return 0
        if id(value) not in self._values:
            writable = not map_.spec.map_flags & bpf_map_flags.BPF_F_RDONLY_PROG
            name = f"{map_.spec.name}[{_short(map_, key)}]"
            self._quota.take(_ADDRESS_COST)
            region = self._memory.add(ELEMENTS, value, name, writable=writable)
            self._values[id(value)] = region
        return self._values[id(value)].base

    def only_value_address(self, name: str | int) -> int:
        """Return the address of a one-element array's value; raise MachineError for other maps."""
        map_, key = self[name], bytes(4)
        if map_.spec.map_type != bpf_map_type.BPF_MAP_TYPE_ARRAY or map_.spec.max_entries != 1:
            what = f"the program takes the address of the value of map {map_.spec.name!r}"
            raise MachineError(what, why="only arrays with one entry support this")
        return self.value_address(map_, key, map_.lookup(key, 0))

    def forget_addresses(self) -> None:
        """Invalidate all pointers to values; the values themselves are kept."""
        self._memory.remove(self._values.values())
        for _ in self._values:
            self._quota.give(_ADDRESS_COST)
        self._values.clear()


def _short(map_: MachineMap, key: bytes) -> str:
    """Format a key for use in the name of a value's memory."""
    if map_.type_name.endswith("array"):
        return str(int.from_bytes(key, "little"))
    return key.hex() if len(key) <= _SHOWN else f"{key[:_SHOWN].hex()}..."
