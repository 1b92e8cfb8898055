"""Code shared by all map types, and the limit on map memory.

Keys and values are bytes whose sizes are given in the spec. Operations return the return value of
the helper, which is 0 or a negative errno. An operation that a map type does not support raises
MachineError, because the kernel's verifier rejects programs that use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from rawbpf.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.specs.map_spec import MapSpec

__all__ = ["MachineMap", "OutputRecord", "Quota"]


_OVERHEAD = 64
"""The approximate overhead in bytes of each item stored in Python."""


class Quota:
    """The number of bytes that maps and output may still use, to protect the host's memory."""

    def __init__(self, size: int = 256 << 20) -> None:
        self.size = self._left = size

    def take(self, size: int) -> None:
        """Count ``size`` bytes as used; raise MachineError if the limit is exceeded."""
        if size > self._left:
            why = f"maps and output are limited to {self.size >> 20} MiB"
            raise MachineError(f"cannot store {size} more bytes", why=why)
        self._left -= size + _OVERHEAD

    def give(self, size: int) -> None:
        """Return ``size`` bytes to the memory budget."""
        self._left += size + _OVERHEAD


class OutputRecord(NamedTuple):
    """A record for user space, and the number of the CPU that wrote it."""

    cpu: int
    data: bytes


class MachineMap:
    """A map created from its spec.

    Subclasses override the operations that their map type supports.
    """

    def __init__(self, spec: MapSpec, quota: Quota, cpus: int) -> None:
        self.spec, self.quota, self.cpus = spec, quota, cpus

    @property
    def records(self) -> list[OutputRecord]:
        """The records written for user space, in the order in which a reader receives them."""
        return []

    @property
    def type_name(self) -> str:
        """The map type in lower case without its prefix, such as ``percpu_array``."""
        return self.spec.map_type.name.removeprefix("BPF_MAP_TYPE_").lower()

    def require(self, condition: bool, why: str) -> None:
        """Raise MachineError if BPF_MAP_CREATE would fail with EINVAL for this spec."""
        if not condition:
            raise MachineError(f"invalid map {self.spec.name!r}", why=f"{self.type_name}: {why}")

    def _lacks(self, operation: str) -> NoReturn:
        raise MachineError(
            f"{operation} on map {self.spec.name!r}",
            why=(
                f"maps of type {self.type_name} do not support this operation, and the "
                "verifier rejects it"
            ),
        )

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:  # noqa: ARG002
        """Return the value itself, which the caller may modify, or None if the key is absent."""
        self._lacks("lookup")

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:  # noqa: ARG002
        """Set a key's value; return 0 or a negative errno."""
        self._lacks("update")

    def delete(self, key: bytes) -> int:  # noqa: ARG002
        """Remove a key; return 0 or a negative errno."""
        self._lacks("delete")

    def push(self, value: bytes, flags: int = 0) -> int:  # noqa: ARG002
        """Push a value; return 0 or a negative errno."""
        self._lacks("push")

    def pop(self) -> bytes | None:
        """Remove and return the next value, or return None if the map is empty."""
        self._lacks("pop")

    def peek(self) -> bytes | None:
        """Return the next value without removing it, or None if the map is empty."""
        self._lacks("peek")

    def all_keys(self) -> Iterable[bytes]:
        """Return the keys in the order in which ``for_each_map_elem`` visits them."""
        self._lacks("for_each")

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Return keys and values for display; a per-CPU map has one value per CPU."""
        return ()
