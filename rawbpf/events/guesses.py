"""Which struct of an object the records of its rings are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf.sizes import strip
from rawbpf.events.typed import EventType, guess_type, reachable
from rawbpf.uapi.bpf import bpf_map_type

if TYPE_CHECKING:
    from rawbpf.specs.object_spec import ObjectSpec

__all__ = ["Guesses"]


class Guesses:
    """What has been guessed for the records of a map that have one size; each is guessed once."""

    def __init__(self, spec: ObjectSpec) -> None:
        self._spec, self._foreign = spec, _foreign(spec)
        self._known: dict[tuple[str, int], EventType | None] = {}

    def __contains__(self, one: tuple[str, int]) -> bool:
        return one in self._known

    def guess(self, name: str, size: int) -> EventType | None:
        """The struct of ``size`` bytes from map ``name``; None: none fits, or more than one."""
        if self._spec.btf is None:
            return None
        if (name, size) not in self._known:
            padded = self._spec.maps[name].map_type is bpf_map_type.BPF_MAP_TYPE_PERF_EVENT_ARRAY
            self._known[name, size] = guess_type(
                self._spec.btf, size, padded=padded, foreign=self._foreign
            )
        return self._known[name, size]


def _foreign(spec: ObjectSpec) -> set[int]:
    """Types that are no records: the kernel's, which CO-RE records name, and the keys of maps."""
    if spec.btf is None:
        return set()
    named = (
        record.type_id
        for program in spec.programs.values()
        for record in program.code.relocations.values()
    )
    keys = (one.btf_key_type_id for one in spec.maps.values())
    return reachable(spec.btf, named) | {strip(spec.btf, key) for key in keys if key}
