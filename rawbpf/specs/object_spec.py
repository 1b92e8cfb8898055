"""The blueprint of everything that one file defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.btf.btf import Btf
    from rawbpf.specs.data_spec import DataSpec
    from rawbpf.specs.extern_spec import ExternSpec
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["ObjectSpec"]


class ObjectSpec(NamedTuple):
    """Programs, maps and data, each by name. Programs are linked: their functions are in them.

    A program refers to maps by name, and to data by the name of its section. ``externs``: what the
    kernel is to supply. ``btf``: the object's own types, which all BTF ids in specs refer to.
    ``remarks``: what its author should know, a line each.

    ``hidden``: global functions that are for this object alone. The verifier is to follow their
    calls, as those of static ones, and not to look at them by themselves. ``version``: the kernel
    that the object says it is for; kernels since 5.0 do not mind.
    """

    programs: Mapping[str, ProgramSpec]
    maps: Mapping[str, MapSpec] = {}
    data: Mapping[str, DataSpec] = {}
    license: str = ""
    externs: Mapping[str, ExternSpec] = {}
    btf: Btf | None = None
    remarks: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    version: int = 0

    def all_maps(self) -> dict[str, MapSpec]:
        """What has to be created: the maps, and those that hold the data."""
        return {**self.maps, **{name: data.map_spec() for name, data in self.data.items()}}
