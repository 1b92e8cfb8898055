"""Object specifications, which describe everything that one file defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.btf.btf import Btf
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["DataSpec", "ExternSpec", "ObjectSpec", "Variable"]


class ObjectSpec(NamedTuple):
    """An object's programs, maps, variables and externs, each keyed by name.

    Programs are linked: each program contains the functions that it calls. Programs refer to maps
    by name, and to variables by section name. All BTF IDs in the specs refer to ``btf``, which
    contains the object's own types.

    ``hidden`` lists the global functions that are visible only within this object. Hidden functions
    are marked as static for the verifier, which then checks them in the context of their callers
    instead of separately. ``version`` is the kernel version from the object's "version" section;
    kernels since 5.0 ignore the version. ``remarks`` are one-line hints for the author of the
    object.
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
        """Return the specs of all maps to create, including those for variables."""
        return {**self.maps, **{name: data.map_spec() for name, data in self.data.items()}}


class DataSpec(NamedTuple):
    """A section of global variables such as ".rodata", with its bytes, and its variables by offset.

    The kernel has no concept of global variables. A section therefore becomes the only value of an
    array map, and the address of a variable becomes a 64-bit load of that value's address plus an
    offset (Linux 5.2).

    >>> text = DataSpec(".rodata", b"hello", (Variable("text", 0, 5),))
    >>> text.map_spec().value_size, text.map_spec().map_flags.name
    (5, 'BPF_F_RDONLY_PROG')
    """

    name: str
    contents: bytes
    variables: tuple[Variable, ...] = ()

    @property
    def read_only(self) -> bool:
        """Return whether the section's variables are constants.

        The map of a read-only section is frozen after it has been filled.

        The verifier then knows the constants and skips branches that cannot be taken.

        >>> DataSpec(".kconfig", bytes(4)).read_only, DataSpec(".data", bytes(4)).read_only
        (True, False)
        """
        return self.name.startswith((".rodata", ".kconfig"))

    def map_spec(self) -> MapSpec:
        """Return the spec of the map for the section, whose single entry is the whole section."""
        flags = bpf_map_flags.BPF_F_RDONLY_PROG if self.read_only else bpf_map_flags(0)
        array = bpf_map_type.BPF_MAP_TYPE_ARRAY
        return MapSpec(self.name, array, 4, len(self.contents), max_entries=1, map_flags=flags)


class Variable(NamedTuple):
    """A global variable, which occupies ``size`` bytes at ``offset`` in its section.

    ``width`` is the size of an array's elements; for other variables, it is ``size`` or 1.
    ``type_id`` is the ID of the variable's type in the object's BTF, or 0 if the variable has no
    type.
    """

    name: str
    offset: int
    size: int
    width: int = 1
    type_id: int = 0


class ExternSpec(NamedTuple):
    """A symbol that the running kernel provides, declared ``extern`` in C.

    ``kind`` is one of

        "kconfig" │ a kernel configuration option; its value is stored in the section ".kconfig",
                  │ ``size`` bytes at ``offset``
        "ksym"    │ a kernel variable
        "kfunc"   │ a kernel function

    ``type_id`` is the extern's type in the object's BTF. A "ksym" of type 0 is used only for its
    address. A ``weak`` extern that the kernel lacks resolves to 0; if any other extern is missing,
    this is an error.

    >>> ExternSpec("CONFIG_HZ", "kconfig", type_id=3, size=4).weak
    False
    """

    name: str
    kind: str
    type_id: int = 0
    weak: bool = False
    offset: int = 0
    size: int = 0
