"""The blueprint of global variables: `.rodata`, `.data`, `.bss`.

The kernel knows no variables. What C calls one is a few bytes in the only value of an array map,
and its address is a 64-bit load of that map's value plus an offset (Linux 5.2).
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

__all__ = ["DataSpec", "Variable"]


class Variable(NamedTuple):
    """A name for some bytes of the section. ``width``: bytes of each element of what is there.

    ``type_id``: its type in the object's BTF; 0 if nothing describes it.
    """

    name: str
    offset: int
    size: int
    width: int = 1
    type_id: int = 0


class DataSpec(NamedTuple):
    """A section's name, such as ".rodata", its bytes, and its variables by rising offset.

    >>> text = DataSpec(".rodata", b"hello", (Variable("text", 0, 5),))
    >>> text.map_spec().value_size, text.map_spec().map_flags.name
    (5, 'BPF_F_RDONLY_PROG')
    """

    name: str
    contents: bytes
    variables: tuple[Variable, ...] = ()

    @property
    def read_only(self) -> bool:
        """Whether programs may only read it; the map is to be frozen once it is filled.

        The verifier takes what is there for constant, and drops branches that can never be taken.

        >>> DataSpec(".kconfig", bytes(4)).read_only, DataSpec(".data", bytes(4)).read_only
        (True, False)
        """
        return self.name.startswith((".rodata", ".kconfig"))

    def map_spec(self) -> MapSpec:
        """The map that holds it: one entry, whose value is the whole section."""
        flags = bpf_map_flags.BPF_F_RDONLY_PROG if self.read_only else bpf_map_flags(0)
        kind = bpf_map_type.BPF_MAP_TYPE_ARRAY
        return MapSpec(self.name, kind, 4, len(self.contents), max_entries=1, map_flags=flags)
