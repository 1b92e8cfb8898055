"""A map: memory that programs and user space share, behind a file descriptor.

    with Map.create(MapSpec("hits", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 8, 1024)) as hits:
        hits[7] = 1
        hits.get(8, 0), list(hits.items())

Here is how one is made or found, and what is done with many entries at once or without keys; the
mapping is in ``rawbpf.maps.entries``.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Self

from rawbpf.errors import KernelError, UsageError
from rawbpf.maps.entries import NO_KEY, Entries
from rawbpf.maps.raw import create_map, spec_from
from rawbpf.syscall import bpf
from rawbpf.uapi.bpf import BPF_ANY
from rawbpf.uapi.bpf_attr import BpfMapInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.kernel.pins import Path
    from rawbpf.maps.entries import KnowsTypes
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["Map", "PerCpuArray"]


class Map(Entries):
    """Owns a map. A ``with`` block closes it; the kernel frees it when its last user is gone.

    Queues, stacks and Bloom filters have no keys: ``push``, ``pop``, ``peek``, and ``in``. Values
    of a map of maps and of a program array are ids when read; when set, a ``Map``, a ``Program``,
    or an id.
    """

    @classmethod
    def create(
        cls, spec: MapSpec, *, btf: KernelBtf | None = None, inner: Map | None = None
    ) -> Self:
        """BPF_MAP_CREATE. Errors: EINVAL (sizes, flags), EPERM (capabilities, memlock), ENOMEM.

        ``btf``: the loaded types that the spec's ids refer to. ``inner``: for a map of maps, one
        that is like those to be put in it; it may be closed afterwards.
        """
        btf_fd = 0 if btf is None else btf.fileno()
        fd = create_map(spec, btf_fd=btf_fd, inner_fd=0 if inner is None else inner.fileno())
        return cls(fd, spec, btf)

    @classmethod
    def from_fd(cls, fd: Fd) -> Self:
        """The map of a descriptor, which is the map's from now on, to be closed with it."""
        try:
            info = bpf.obj_get_info(fd.fileno(), BpfMapInfo())
            return cls(fd, spec_from(info), btf_id=info.btf_id)
        except BaseException:
            fd.close()
            raise

    @classmethod
    def from_id(cls, number: int) -> Self:
        """The map with this id (4.13; CAP_SYS_ADMIN). Errors: ENOENT, EPERM."""
        from rawbpf.kernel.objects import open_id

        return cls.from_fd(open_id("map", number))

    @classmethod
    def from_pin(cls, path: Path) -> Self:
        """The map that is pinned there. Errors: ENOENT, EACCES; UsageError: it is no map."""
        from rawbpf.kernel.pins import open_pinned

        return cls.from_fd(open_pinned(path, "map"))

    def like(self, spec: MapSpec, types: KnowsTypes | None) -> Self:
        """The same map, by the same descriptor, under another blueprint; use this one no more."""
        return type(self)(self._fd, spec, types)

    def pin(self, path: Path) -> None:
        """Give it a name in the BPF file system: it stays when this process has gone."""
        from rawbpf.kernel.pins import pin

        pin(self.fileno(), path, f"map {self.spec.name!r}")

    def info(self) -> BpfMapInfo:
        """Struct bpf_map_info: its id, type, sizes, name, flags, and the ids of its types."""
        return bpf.obj_get_info(self.fileno(), BpfMapInfo())

    def update_batch(
        self, entries: Mapping[Any, Any] | Iterable[tuple[Any, Any]], flags: int = BPF_ANY
    ) -> None:
        """Set many: in one call where the kernel can (5.6). E2BIG says how many there was room for.

        Values that are maps or programs are not for this.
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
            refusal = self._explained("set keys of", self.types.decode_key(keys[done]), _FULL)
            refusal.fix = f"{done} of {len(keys)} were set"
            raise refusal

    def delete_batch(self, keys: Iterable[Any]) -> None:
        """Delete many: in one call where the kernel can (5.6). MissingKeyError: not there."""
        from rawbpf.maps.batch import delete_all

        encoded = [self.types.encode_key(key) for key in keys]
        try:
            done = delete_all(self, encoded)
        except KernelError as error:
            raise self._explained("delete keys of", None, error) from None
        if done < len(encoded):
            from rawbpf.maps.entry_errors import missing  # imported only after a failure

            raise missing(self.spec, self.types.decode_key(encoded[done]))

    def drain(self) -> Iterator[tuple[Any, Any]]:
        """Take all entries out: each is read and removed. Other writers may go on meanwhile."""
        from rawbpf.maps.batch import read_all

        try:
            for key, value in read_all(self, delete=True):
                yield self.types.decode_key(key), self.types.value.decode(value)
        except KernelError as error:
            raise self._explained("drain", None, error) from None

    def push(self, value: Any, *, replace: bool = False) -> None:  # noqa: ANN401 -- as above
        """Put it into a queue, a stack or a Bloom filter; ``replace``: the oldest goes if full."""
        self._without_keys("push to")
        try:
            self.update(NO_KEY, self.types.encode_value(value), _REPLACE if replace else BPF_ANY)
        except KernelError as error:
            raise self._explained("push to", None, error) from None

    def peek(self) -> Any:  # noqa: ANN401 -- as above
        """What ``pop`` would give. MissingKeyError: it is empty."""
        self._without_keys("peek at")
        return self[NO_KEY]

    def pop(self, key: Any = NO_KEY) -> Any:  # noqa: ANN401 -- as above
        """Take out a key's value; of a queue the oldest, of a stack the youngest one."""
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
            raise UsageError(what, why=f"it is of type {self.kind.word}, which has keys")


_REPLACE = 2  # BPF_EXIST, which for a queue means that there is always room
_FULL = KernelError("BPF_MAP_UPDATE_BATCH", errno=errno.E2BIG, call="BPF_MAP_UPDATE_BATCH")


class PerCpuArray(Map):
    """A per-CPU array of u64 counters: no two CPUs write the same word, so none waits."""

    def sums(self) -> list[int]:
        """For each index the sum over all CPUs."""
        return [self._sum(index) for index in range(self.spec.max_entries)]

    def _sum(self, index: int) -> int:
        value = self.lookup(index.to_bytes(4, "little"))
        return sum(memoryview(value).cast("Q"))
