"""Programs that others can go on with by a tail call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.machine.maps.base import MachineMap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.asm.program import Program
    from rawbpf.machine.maps.base import Room
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["ProgArray"]


class ProgArray(MachineMap):
    """BPF_MAP_TYPE_PROG_ARRAY: index -> program. Only user space fills it."""

    def __init__(self, spec: MapSpec, room: Room, cpus: int) -> None:
        super().__init__(spec, room, cpus)
        self.require(spec.key_size == 4 and spec.value_size == 4, "keys and values are 4 bytes")
        self._programs: dict[int, Program] = {}

    def put(self, index: int, program: Program) -> None:
        """Let tail calls with this index go on with this program."""
        self.require(index < self.spec.max_entries, f"it has {self.spec.max_entries} slots")
        self._programs[index] = program

    def program(self, index: int) -> Program | None:
        """The program at an index."""
        return self._programs.get(index)

    def entries(self) -> Iterable[tuple[bytes, tuple[bytes, ...]]]:
        """The names of the programs."""
        for index, program in sorted(self._programs.items()):
            yield index.to_bytes(4, "little"), (program.name.encode(),)
