"""A map: memory that programs and user space share, behind a file descriptor.

Keys and values are bytes here, of the sizes that the spec says. Before 5.11 a map's memory counts
against RLIMIT_MEMLOCK; EPERM from BPF_MAP_CREATE often means just that.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Self

from rawbpf.errors import KernelError
from rawbpf.kernel.cpus import possible_cpus
from rawbpf.syscall import bpf
from rawbpf.syscall.owner import Owner
from rawbpf.uapi.bpf import BPF_ANY, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["Map", "PerCpuArray"]

_PER_CPU = frozenset(
    {
        bpf_map_type.BPF_MAP_TYPE_PERCPU_HASH,
        bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY,
        bpf_map_type.BPF_MAP_TYPE_LRU_PERCPU_HASH,
    }
)


_WITHOUT_BTF = frozenset(
    {
        bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
        bpf_map_type.BPF_MAP_TYPE_PROG_ARRAY,
        bpf_map_type.BPF_MAP_TYPE_STACK_TRACE,
        bpf_map_type.BPF_MAP_TYPE_CGROUP_ARRAY,
        bpf_map_type.BPF_MAP_TYPE_ARRAY_OF_MAPS,
        bpf_map_type.BPF_MAP_TYPE_HASH_OF_MAPS,
        bpf_map_type.BPF_MAP_TYPE_DEVMAP,
        bpf_map_type.BPF_MAP_TYPE_DEVMAP_HASH,
        bpf_map_type.BPF_MAP_TYPE_CPUMAP,
        bpf_map_type.BPF_MAP_TYPE_XSKMAP,
        bpf_map_type.BPF_MAP_TYPE_SOCKMAP,
        bpf_map_type.BPF_MAP_TYPE_SOCKHASH,
        bpf_map_type.BPF_MAP_TYPE_QUEUE,
        bpf_map_type.BPF_MAP_TYPE_STACK,
        bpf_map_type.BPF_MAP_TYPE_RINGBUF,
    }
)
"""Maps of descriptors and the like, whose values no type describes."""


class Map(Owner):
    """Owns a map. A ``with`` block closes it; the kernel frees it when its last user is gone."""

    def __init__(self, fd: Fd, spec: MapSpec) -> None:
        self._fd = fd
        self.spec = spec
        self._value_size = spec.value_size
        if spec.map_type in _PER_CPU:
            # One slot for each *possible* CPU, each rounded up to 8 bytes.
            self._value_size = -(-spec.value_size // 8) * 8 * len(possible_cpus())

    @classmethod
    def create(
        cls, spec: MapSpec, *, btf: KernelBtf | None = None, inner: Map | None = None
    ) -> Self:
        """BPF_MAP_CREATE. Errors: EINVAL (sizes, flags), EPERM (capabilities, memlock), ENOMEM.

        ``btf``: the loaded types that the spec's ids refer to. ``inner``: for a map of maps, one
        that is like those to be put in it; it may be closed afterwards.
        """
        struct = BpfAttrMapCreate(
            map_type=spec.map_type,
            key_size=spec.key_size,
            value_size=spec.value_size,
            max_entries=spec.max_entries,
            map_flags=spec.map_flags,
            map_name=bpf.obj_name(spec.name),
            numa_node=spec.numa_node,
            map_extra=spec.map_extra,
        )
        if inner is not None:
            struct.inner_map_fd = inner.fileno()
        if btf is not None and spec.btf_value_type_id and spec.map_type not in _WITHOUT_BTF:
            struct.btf_fd = btf.fileno()
            struct.btf_key_type_id = spec.btf_key_type_id
            struct.btf_value_type_id = spec.btf_value_type_id
        try:
            return cls(bpf.map_create(struct), spec)
        except KernelError as error:
            if not struct.btf_fd or error.errno != errno.EINVAL:
                raise
        # Kernels differ in which maps may have types; those only help people to read them.
        struct.btf_fd = struct.btf_key_type_id = struct.btf_value_type_id = 0
        return cls(bpf.map_create(struct), spec)

    def fileno(self) -> int:
        """The descriptor's number, still owned by the map."""
        return self._fd.fileno()

    def lookup(self, key: bytes) -> bytes:
        """The value of ``key``; KernelError with ENOENT when there is none.

        Of a per-CPU map: the values of all possible CPUs, one behind the other.
        """
        return bpf.map_lookup_elem(self.fileno(), key, self._value_size)

    def update(self, key: bytes, value: bytes, flags: int = BPF_ANY) -> None:
        """Set the value of ``key``."""
        bpf.map_update_elem(self.fileno(), key, value, flags)

    def delete(self, key: bytes) -> None:
        """Remove ``key``."""
        bpf.map_delete_elem(self.fileno(), key)

    def freeze(self) -> None:
        """BPF_MAP_FREEZE (5.2): nobody writes from user space any more.

        With BPF_F_RDONLY_PROG the verifier takes the values for constants then.
        """
        bpf.map_freeze(self.fileno())

    def keys(self) -> Iterator[bytes]:
        """All keys. A map that changes meanwhile may yield some twice or start over."""
        key = bpf.map_get_next_key(self.fileno(), None, self.spec.key_size)
        while key is not None:
            yield key
            key = bpf.map_get_next_key(self.fileno(), key, self.spec.key_size)

    def close(self) -> None:
        """Give up the descriptor. A PERF_EVENT_ARRAY loses the events stored in it with it."""
        self._fd.close()


class PerCpuArray(Map):
    """A per-CPU array of u64 counters: no two CPUs write the same word, so none waits."""

    def sums(self) -> list[int]:
        """For each index the sum over all CPUs."""
        return [self._sum(index) for index in range(self.spec.max_entries)]

    def _sum(self, index: int) -> int:
        value = self.lookup(index.to_bytes(4, "little"))
        return sum(memoryview(value).cast("Q"))
