"""A map as the kernel has it: bytes for keys, bytes for values, behind a file descriptor.

Before 5.11 a map's memory counts against RLIMIT_MEMLOCK; EPERM from BPF_MAP_CREATE often means just
that.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, RawbpfError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.syscall import bpf
from rawbpf.syscall.fd import Owner
from rawbpf.uapi.bpf import BPF_ANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["RawMap"]


class RawMap(Owner):
    """Owns a map. A ``with`` block closes it; the kernel frees it when its last user is gone."""

    def __init__(self, fd: Fd, spec: MapSpec) -> None:
        self._fd = fd
        self.spec = spec
        self.kind = spec.kind
        self.value_size = spec.value_size
        """Bytes of what ``lookup`` returns. Of a per-CPU map those of all CPUs together."""
        if self.kind.per_cpu:
            # One slot for each *possible* CPU, each rounded up to 8 bytes.
            self.value_size = -(-spec.value_size // 8) * 8 * len(possible_cpus())

    def __repr__(self) -> str:
        name, kind, count = self.spec.name, self.kind.word, self.spec.max_entries
        return f"<Map {name}: {kind}, {count} entries{', closed' if self._fd.closed else ''}>"

    def fileno(self) -> int:
        """The descriptor's number, still owned by the map."""
        return self._fd.fileno()

    def lookup(self, key: bytes) -> bytes:
        """The value of ``key``; KernelError with ENOENT when there is none.

        Of a per-CPU map: the values of all possible CPUs, one behind the other.
        """
        return bpf.map_lookup_elem(self.fileno(), key, self.value_size)

    def update(self, key: bytes, value: bytes, flags: int = BPF_ANY) -> None:
        """Set the value of ``key``. BPF_NOEXIST: it must be new (EEXIST); BPF_EXIST: not (ENOENT).

        Other errors: E2BIG (full), EPERM (frozen), EINVAL.
        """
        bpf.map_update_elem(self.fileno(), key, value, flags)

    def delete(self, key: bytes) -> None:
        """Remove ``key``. Errors: ENOENT, EINVAL (an array has no holes)."""
        bpf.map_delete_elem(self.fileno(), key)

    def take(self, key: bytes) -> bytes:
        """The value of ``key``, which is removed. At once, where the kernel can (hash: 5.14)."""
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
        """BPF_MAP_FREEZE (5.2): nobody writes from user space any more.

        With BPF_F_RDONLY_PROG the verifier takes the values for constants then.
        """
        bpf.map_freeze(self.fileno())

    @property
    def frozen(self) -> bool:
        """Whether user space may only read it any more."""
        from rawbpf.kernel.objects import fd_facts

        return fd_facts("self", self.fileno()).get("frozen") == "1"

    def raw_keys(self) -> Iterator[bytes]:
        """All keys, by BPF_MAP_GET_NEXT_KEY. What is found may be deleted while we walk.

        If others delete at the same time, a hash starts over, and keys come twice. RawbpfError:
        they do it faster than we walk.
        """
        key = self._next(None)
        for _ in range(2 * self.spec.max_entries + 64):
            if key is None:
                return
            following = self._next(key)
            yield key
            key = following
        if key is not None and self.spec.max_entries:
            raise RawbpfError(f"map {self.spec.name!r} changes faster than it can be read")

    def _next(self, key: bytes | None) -> bytes | None:
        try:
            return bpf.map_get_next_key(self.fileno(), key, self.spec.key_size)
        except KernelError as error:
            raise self._explained("walk through", None, error, writing=False) from None

    def _explained(
        self, doing: str, key: object, error: KernelError, *, writing: bool = True
    ) -> KernelError:
        """Return the error of a failed access to ``key``, explained for this map."""
        from rawbpf.maps.entry_errors import explain  # imported only after a failure

        frozen = writing and error.errno == errno.EPERM and self.frozen
        return explain(doing, self.spec, key, error, frozen=frozen)

    def close(self) -> None:
        """Give up the descriptor. A PERF_EVENT_ARRAY loses the events stored in it with it."""
        self._fd.close()
