"""Maps, which are memory that programs and user space share.

    with Map.create(MapSpec("hits", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 8, 1024)) as hits:
        hits[7] = 1
        hits.get(8, 0), list(hits.items())

This module creates and opens maps, and provides operations on queues and on many entries;
``rawbpf.maps.entries`` provides the operations on single entries.
"""

from __future__ import annotations

import errno

from rawbpf.errors import KernelError, UsageError
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.maps.entries import NO_KEY, Entries
from rawbpf.maps.raw import create_map, spec_from
from rawbpf.syscall import bpf
from rawbpf.uapi.bpf import BPF_ANY
from rawbpf.uapi.bpf_attr import BpfMapInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any, Self

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.kernel.pins import Path
    from rawbpf.maps.entries import KnowsTypes
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["Map", "PerCpuArray"]


class Map(Entries):
    """Owns a map's descriptor.

    The kernel frees the map once it has no more references.

    Queues, stacks and Bloom filters have no keys; use ``push``, ``pop``, ``peek`` and ``in``.
    Reading an entry of a map of maps or of a program array returns an ID. To write such an entry,
    pass a ``Map``, a ``Program`` or an ID.
    """

    @classmethod
    def create(
        cls, spec: MapSpec, *, btf: KernelBtf | None = None, inner: Map | None = None
    ) -> Self:
        """Create a map.

        Raises KernelError with EINVAL (invalid sizes or flags), EPERM (missing capabilities, or the
        memlock limit) or ENOMEM.

        ``btf`` is the loaded BTF to which the type IDs in the spec refer. A map of maps needs
        ``inner`` as a template for its inner maps; the template may be closed afterwards.
        """
        btf_fd = 0 if btf is None else btf.fileno()
        fd = create_map(spec, btf_fd=btf_fd, inner_fd=0 if inner is None else inner.fileno())
        return cls(fd, spec, btf)

    @classmethod
    def from_fd(cls, fd: Fd) -> Self:
        """Return a map that takes ownership of a descriptor."""
        try:
            info = bpf.obj_get_info(fd.fileno(), BpfMapInfo())
            return cls(fd, spec_from(info), btf_id=info.btf_id)
        except BaseException:
            fd.close()
            raise

    @classmethod
    def from_id(cls, number: int) -> Self:
        """Open the map with the given ID (4.13; CAP_SYS_ADMIN).

        Raises KernelError (ENOENT, EPERM).
        """
        from rawbpf.kernel.objects import open_id

        return cls.from_fd(open_id("map", number))

    @classmethod
    def from_pin(cls, path: Path) -> Self:
        """Open the map pinned at ``path``.

        Raises KernelError (ENOENT, EACCES) if the path cannot be opened, or UsageError if the
        pinned object is not a map.
        """
        from rawbpf.kernel.pins import open_pinned

        return cls.from_fd(open_pinned(path, "map"))

    def like(self, spec: MapSpec, types: KnowsTypes | None) -> Self:
        """Return the same map with a different spec.

        The returned map takes over this object's descriptor.
        """
        return type(self)(self._fd, spec, types)

    def pin(self, path: Path) -> None:
        """Pin the map in bpffs, so that it persists after this process exits."""
        from rawbpf.kernel.pins import pin

        pin(self.fileno(), path, f"map {self.spec.name!r}")

    def info(self) -> BpfMapInfo:
        """Return struct bpf_map_info: ID, type, sizes, name, flags and type IDs."""
        return bpf.obj_get_info(self.fileno(), BpfMapInfo())

    def update_batch(
        self, entries: Mapping[Any, Any] | Iterable[tuple[Any, Any]], flags: int = BPF_ANY
    ) -> None:
        """Set many entries, with a single system call if the kernel supports it (5.6).

        If the map is full, the error (E2BIG) says how many entries have been set. Maps of maps and
        program arrays do not support batch updates.
        """
        from rawbpf.maps.batch import write_all

        pairs = entries.items() if hasattr(entries, "items") else entries
        encoded = [(self.types.encode_key(k), self.types.encode_value(v)) for k, v in pairs]
        keys, values = [key for key, _ in encoded], [value for _, value in encoded]
        try:
            done = write_all(self, keys, values, flags)
        except KernelError as error:
            raise self._explained("set keys of", None, error) from None
        if done < len(keys):
            full = self._explained("set keys of", self.types.decode_key(keys[done]), _FULL)
            full.why = f"{full.why}; {done} of {len(keys)} entries were set"
            raise full

    def delete_batch(self, keys: Iterable[Any]) -> None:
        """Delete many keys, with a single system call if the kernel supports it (5.6).

        Raises MissingKeyError at the first key that does not exist.
        """
        from rawbpf.maps.batch import delete_all

        encoded = [self.types.encode_key(key) for key in keys]
        try:
            done = delete_all(self, encoded)
        except KernelError as error:
            raise self._explained("delete keys of", None, error) from None
        if done < len(encoded):
            from rawbpf.maps.entry_errors import missing_key  # imported only after a failure

            raise missing_key(self.spec, self.types.decode_key(encoded[done]))

    def drain(self) -> Iterator[tuple[Any, Any]]:
        """Yield all entries and remove each yielded entry.

        Other processes and programs may add entries in the meantime.
        """
        from rawbpf.maps.batch import read_all

        try:
            for key, value in read_all(self, delete=True):
                yield self.types.decode_key(key), self.types.value.decode(value)
        except KernelError as error:
            raise self._explained("drain", None, error) from None

    def push(self, value: Any, *, replace: bool = False) -> None:  # noqa: ANN401 -- as above
        """Add a value to a queue, a stack or a Bloom filter.

        If a queue or stack is full, ``replace`` removes the oldest value first.
        """
        self._without_keys("push to")
        try:
            self.update(NO_KEY, self.types.encode_value(value), _REPLACE if replace else BPF_ANY)
        except KernelError as error:
            raise self._explained("push to", None, error) from None

    def peek(self) -> Any:  # noqa: ANN401 -- as above
        """Return the value that ``pop`` would return.

        Raises MissingKeyError if the queue or stack is empty.
        """
        self._without_keys("peek at")
        return self[NO_KEY]

    def pop(self, key: Any = NO_KEY) -> Any:  # noqa: ANN401 -- as above
        """Remove and return the value of a key, or the next value of a queue or stack."""
        if key == NO_KEY:
            self._without_keys("pop from")
        raw = self.types.encode_key(key)
        try:
            return self.types.value.decode(self.take(raw))
        except KernelError as error:
            raise self._explained("take from", key, error) from None

    def _without_keys(self, doing: str) -> None:
        if not self.kind.keyless:
            what = f"cannot {doing} map {self.spec.name!r}"
            raise UsageError(what, why=f"maps of type {self.kind.word} have keys")


_REPLACE = 2  # BPF_EXIST makes a full queue drop its oldest value
_FULL = KernelError("BPF_MAP_UPDATE_BATCH", errno=errno.E2BIG, call="BPF_MAP_UPDATE_BATCH")


class PerCpuArray(Map):
    """Create a per-CPU array of u64 counters.

    Each CPU writes its own counters, so no lock is needed.
    """

    def sums(self) -> list[int]:
        """Return the sum over all CPUs for each index."""
        return [self._sum(index) for index in range(self.spec.max_entries)]

    def _sum(self, index: int) -> int:
        value = self.lookup(index.to_bytes(4, "little"))
        return sum(memoryview(value).cast("Q"))
