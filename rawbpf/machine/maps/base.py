"""Code shared by all maps, and the limit on the memory that maps use.

Keys and values are bytes of the sizes in the spec. Operations return what the helper would return:
0 or a negative errno. An operation that a map type lacks raises MachineError, because the kernel's
verifier rejects programs that use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from rawbpf.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.specs.map_spec import MapSpec

__all__ = ["MachineMap", "OutputRecord", "Quota"]


_OVERHEAD = 64
"""Bytes that Python itself needs for each stored item, approximately."""


class Quota:
    """Bytes that maps and output may still use, so that no program can exhaust our memory."""

    def __init__(self, size: int = 256 << 20) -> None:
        self.size = self._left = size

    def take(self, size: int) -> None:
        """Count ``size`` bytes as used, or raise MachineError beyond the limit."""
        if size > self._left:
            why = f"maps and output are limited to {self.size >> 20} MiB"
            raise MachineError(f"cannot store {size} more bytes", why=why)
        self._left -= size + _OVERHEAD

    def give(self, size: int) -> None:
        """Count ``size`` bytes as free again."""
        self._left += size + _OVERHEAD


class OutputRecord(NamedTuple):
    """A record for user space, and the CPU on which it was written."""

    cpu: int
    data: bytes


class MachineMap:
    """A map as ``spec`` describes it. Subclasses override the operations that their type has."""

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        self.spec, self.quota, self.cpus = spec, quota, cpus

    @property
    def records(self) -> list[OutputRecord]:
        """Records written for user space, in the order in which it would read them."""
        return []

    @property
    def type_name(self) -> str:
        """The map type as people write it: ``percpu_array``."""
        return self.spec.map_type.name.removeprefix("BPF_MAP_TYPE_").lower()

    def require(self, condition: bool, why: str) -> None:
        """Raise MachineError for a spec with which BPF_MAP_CREATE would fail with EINVAL."""
        if not condition:
            raise MachineError(f"invalid map {self.spec.name!r}", why=f"{self.type_name}: {why}")

    def _lacks(self, operation: str) -> NoReturn:
        raise MachineError(
            f"{operation} on map {self.spec.name!r}",
            why=f"{self.type_name} does not support it, and the verifier rejects it",
        )

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:  # noqa: ARG002
        """Return the value itself, to be read and written, or None if the key is absent."""
        self._lacks("lookup")

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:  # noqa: ARG002
        """Set a value; return 0 or -errno."""
        self._lacks("update")

    def delete(self, key: bytes) -> int:  # noqa: ARG002
        """Remove a key; return 0 or -errno."""
        self._lacks("delete")

    def push(self, value: bytes, flags: int = 0) -> int:  # noqa: ARG002
        """Add a value; return 0 or -errno."""
        self._lacks("push")

    def pop(self) -> bytes | None:
        """Remove and return the next value, or return None if the map is empty."""
        self._lacks("pop")

    def peek(self) -> bytes | None:
        """Return the next value without removing it, or None if the map is empty."""
        self._lacks("peek")

    def all_keys(self) -> Iterable[bytes]:
        """Return the keys in the order of ``for_each_map_elem``."""
        self._lacks("for_each")

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Return keys and values for display; per-CPU maps have one value for each CPU."""
        return ()
