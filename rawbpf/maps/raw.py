"""Create maps, and access their entries as bytes, as the kernel does.

Before 5.11, the memory of maps counts against RLIMIT_MEMLOCK, and BPF_MAP_CREATE fails with EPERM
once the limit is reached.
"""

from __future__ import annotations

import errno

from rawbpf.errors import KernelError, RawbpfError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.specs.map_spec import MapSpec
from rawbpf.syscall import bpf
from rawbpf.syscall.fd import Owner
from rawbpf.uapi.bpf import BPF_ANY, bpf_map_flags, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.syscall.fd import Fd
    from rawbpf.uapi.bpf_attr import BpfMapInfo

__all__ = [
    "RawMap",
    "create_map",
    "spec_from",
]


class RawMap(Owner):
    """Owns a map's descriptor. The kernel frees the map when its last reference is gone."""

    def __init__(self, fd: Fd, spec: MapSpec) -> None:
        self._fd = fd
        self.spec = spec
        self.kind = spec.kind
        self.value_size = spec.value_size
        """The size in bytes of the values that ``lookup`` returns.

        For a per-CPU map, this size includes the values of all CPUs."""
        if self.kind.per_cpu:
            # There is one value per *possible* CPU, and each value is padded to a multiple of 8
            # bytes.
            self.value_size = -(-spec.value_size // 8) * 8 * len(possible_cpus())

    def __repr__(self) -> str:
        name, kind, count = self.spec.name, self.kind.word, self.spec.max_entries
        return f"<Map {name}: {kind}, {count} entries{', closed' if self._fd.closed else ''}>"

    def fileno(self) -> int:
        """Return the descriptor's number; the map still owns the descriptor."""
        return self._fd.fileno()

    def lookup(self, key: bytes) -> bytes:
        """Return the value of ``key``.

        Raises KernelError (ENOENT) if the key does not exist.

        For a per-CPU map, return the values of all possible CPUs, one after the other.
        """
        return bpf.map_lookup_elem(self.fileno(), key, self.value_size)

    def update(self, key: bytes, value: bytes, flags: int = BPF_ANY) -> None:
        """Set the value of ``key``.

        With BPF_NOEXIST, the call fails with EEXIST if the key exists; with BPF_EXIST, it fails
        with ENOENT if the key does not exist. Other errnos are E2BIG (the map is full), EPERM (the
        map is frozen) and EINVAL.
        """
        bpf.map_update_elem(self.fileno(), key, value, flags)

    def delete(self, key: bytes) -> None:
        """Remove ``key``.

        Raises KernelError with ENOENT, or with EINVAL for arrays, whose elements cannot be deleted.
        """
        bpf.map_delete_elem(self.fileno(), key)

    def take(self, key: bytes) -> bytes:
        """Remove ``key`` and return its value.

        The operation is atomic if the kernel supports it (for hashes since 5.14).
        """
        from rawbpf.syscall.bpf_batch import NO_BATCHES

        try:
            return bpf.map_lookup_and_delete_elem(self.fileno(), key, self.value_size)
        except KernelError as error:
            if error.errno not in NO_BATCHES or self.kind.keyless:
                raise
        value = self.lookup(key)
        self.delete(key)
        return value

    def freeze(self) -> None:
        """Make the map read-only for user space with BPF_MAP_FREEZE (5.2).

        If the map also has the flag BPF_F_RDONLY_PROG, the verifier treats its values as constants.
        """
        bpf.map_freeze(self.fileno())

    @property
    def frozen(self) -> bool:
        """Whether user space can no longer write to the map."""
        from rawbpf.kernel.objects import fd_facts

        return fd_facts("self", self.fileno()).get("frozen") == "1"

    def raw_keys(self) -> Iterator[bytes]:
        """Yield all keys using BPF_MAP_GET_NEXT_KEY.

        The caller may delete each yielded key.

        If other processes delete keys in the meantime, the iteration over a hash restarts at the
        first key, so keys may be yielded twice. Raises RawbpfError if keys are deleted faster than
        they can be read.
        """
        key = self._next(None)
        for _ in range(2 * self.spec.max_entries + 64):
            if key is None:
                return
            following = self._next(key)
            yield key
            key = following
        if key is not None and self.spec.max_entries:
            raise RawbpfError(
                f"cannot iterate over map {self.spec.name!r}",
                why="the map changes faster than rawbpf can read it",
            )

    def _next(self, key: bytes | None) -> bytes | None:
        try:
            return bpf.map_get_next_key(self.fileno(), key, self.spec.key_size)
        except KernelError as error:
            raise self._explained("iterate over", None, error, writing=False) from None

    def _explained(
        self, doing: str, key: object, error: KernelError, *, writing: bool = True
    ) -> KernelError:
        """Return the error for a failed access to ``key``, with an explanation for this map."""
        from rawbpf.maps.entry_errors import entry_error  # imported only after a failure

        frozen = writing and error.errno == errno.EPERM and self.frozen
        return entry_error(doing, self.spec, key, error, frozen=frozen)

    def close(self) -> None:
        """Close the descriptor.

        Closing a PERF_EVENT_ARRAY removes the events that were stored through this descriptor.
        """
        self._fd.close()


def create_map(spec: MapSpec, *, btf_fd: int = 0, inner_fd: int = 0) -> Fd:
    """Create a map and return its descriptor.

    Raises KernelError with an explanation if the call fails.

    ``btf_fd`` refers to the loaded BTF that contains the types in the spec. ``inner_fd`` is a map
    that serves as the template for inner maps.
    """
    struct = BpfAttrMapCreate(
        map_type=spec.map_type,
        key_size=spec.key_size,
        value_size=spec.value_size,
        max_entries=spec.max_entries,
        map_flags=spec.map_flags,
        inner_map_fd=inner_fd,
        map_name=bpf.obj_name(spec.name),
        numa_node=spec.numa_node,
        map_extra=spec.map_extra,
    )
    if btf_fd and spec.btf_value_type_id and spec.kind.typed:
        struct.btf_fd = btf_fd
        struct.btf_key_type_id = spec.btf_key_type_id
        struct.btf_value_type_id = spec.btf_value_type_id
    try:
        return _created(struct)
    except KernelError as error:
        from rawbpf.refusals.explain import explained_error  # imported only after a failure

        raise explained_error(f"cannot create map {spec.name!r}", error) from None


def _created(struct: BpfAttrMapCreate) -> Fd:
    """Create the map with type information, or without it if the kernel rejects the types."""
    try:
        return bpf.map_create(struct)
    except KernelError as error:
        if not struct.btf_fd or error.errno != errno.EINVAL:
            raise
    # It depends on the kernel which map types may have type information. Type information only
    # helps people to read the map.
    struct.btf_fd = struct.btf_key_type_id = struct.btf_value_type_id = 0
    return bpf.map_create(struct)


def spec_from(info: BpfMapInfo) -> MapSpec:
    """Return the spec of an existing map. An unknown map type becomes BPF_MAP_TYPE_UNSPEC."""
    known = info.type in set(bpf_map_type)
    return MapSpec(
        info.name.decode(errors="backslashreplace"),
        bpf_map_type(info.type) if known else bpf_map_type.BPF_MAP_TYPE_UNSPEC,
        info.key_size,
        info.value_size,
        info.max_entries,
        bpf_map_flags(info.map_flags),
        info.btf_key_type_id,
        info.btf_value_type_id,
        map_extra=info.map_extra,
    )
