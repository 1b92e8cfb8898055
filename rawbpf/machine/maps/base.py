"""What every map has in common, and what it may cost.

Keys and values are bytes, of the sizes that the spec says. What a helper would return is returned:
0, or a negative errno. An operation that a map does not have raises, where the kernel's verifier
refuses the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from rawbpf.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.specs.map_spec import MapSpec

__all__ = ["MachineMap", "Record", "Room"]


_EACH = 64
"""Bytes that Python itself needs, about, for anything that is kept."""


class Room:
    """Bytes that programs may still make the machine keep, so that none takes all memory."""

    def __init__(self, size: int = 256 << 20) -> None:
        self.size = self._left = size

    def take(self, size: int) -> None:
        """Count bytes that are kept from now on. MachineError when there is no room."""
        if size > self._left:
            why = f"{self.size >> 20} MiB of maps and output are what the machine keeps"
            raise MachineError(f"no room for {size} more bytes", why=why)
        self._left -= size + _EACH

    def give(self, size: int) -> None:
        """Count bytes that are no longer kept."""
        self._left += size + _EACH


class Record(NamedTuple):
    """What a program wrote for user space to read: the bytes, and on which CPU."""

    cpu: int
    data: bytes


class MachineMap:
    """A map of ``spec``. The kinds override what they have."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int) -> None:
        self.spec, self.room, self.cpus = spec, room, cpus

    @property
    def records(self) -> list[Record]:
        """What programs wrote for user space, in the order in which it would be read."""
        return []

    @property
    def kind(self) -> str:
        """Its type as people write it: ``percpu_array``."""
        return self.spec.map_type.name.removeprefix("BPF_MAP_TYPE_").lower()

    def require(self, condition: bool, why: str) -> None:
        """Say no to a spec that BPF_MAP_CREATE says EINVAL to."""
        if not condition:
            raise MachineError(f"map {self.spec.name!r} cannot be", why=f"{self.kind}: {why}")

    def _has_no(self, operation: str) -> NoReturn:
        raise MachineError(
            f"{operation} on map {self.spec.name!r}",
            why=f"{self.kind} does not have that, and the verifier refuses it",
        )

    def lookup(self, key: bytes, cpu: int) -> bytearray | None:  # noqa: ARG002
        """The value itself, to be read and written; None when the key is absent."""
        self._has_no("lookup")

    def update(self, key: bytes, value: bytes, flags: int = 0, cpu: int = 0) -> int:  # noqa: ARG002
        """Set a value; 0 or -errno."""
        self._has_no("update")

    def delete(self, key: bytes) -> int:  # noqa: ARG002
        """Remove a key; 0 or -errno."""
        self._has_no("delete")

    def push(self, value: bytes, flags: int = 0) -> int:  # noqa: ARG002
        """Add a value; 0 or -errno."""
        self._has_no("push")

    def pop(self) -> bytes | None:
        """Take the next value out; None when there is none."""
        self._has_no("pop")

    def peek(self) -> bytes | None:
        """The next value, which stays; None when there is none."""
        self._has_no("peek")

    def all_keys(self) -> Iterable[bytes]:
        """What ``for_each_map_elem`` goes through."""
        self._has_no("for_each")

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """Key and value (one for each CPU, if it is per CPU), to be shown."""
        return ()
