"""The BTF of an object: what libbpf and bpftool read in it, and what the kernel shows people.

functions   prototypes, so that the kernel can name them; programs take ``void *ctx``
maps        a variable in section .maps of a struct whose members are pointers: a number n is
            hidden as "pointer to an array of n", a type as "pointer to it"
data        a variable for each label

struct { int (*type)[1]; int (*max_entries)[64]; u32 *key; u64 *value; } hits SEC(".maps");
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf.encode import BtfBuilder
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_FUNC_GLOBAL, BTF_FUNC_STATIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.specs.object_spec import DataSpec, Variable

__all__ = ["MAP_MEMBER", "ObjectTypes"]

MAP_MEMBER = 8
"""Bytes of a member of a map's definition: a pointer."""


class ObjectTypes:
    """Adds what an object defines to a BTF, each type once."""

    def __init__(self) -> None:
        self.btf = BtfBuilder()
        self._known: dict[object, int] = {}
        self._int = self.btf.add_int("int", 4, signed=True)
        self._index = self.btf.add_int("__ARRAY_SIZE_TYPE__", 4)
        pointer = self.btf.add_ptr(0)
        self._with_context = self.btf.add_func_proto(self._int, [("ctx", pointer)])
        self._without = self.btf.add_func_proto(self._int)

    def program(self, name: str) -> int:
        """``int name(void *ctx)``; its id."""
        return self.btf.add_func(_identifier(name), self._with_context, BTF_FUNC_GLOBAL)

    def function(self, name: str) -> int:
        """``static int name()``; assembly says nothing of its parameters."""
        return self.btf.add_func(_identifier(name), self._without, BTF_FUNC_STATIC)

    def maps(self, specs: Iterable[MapSpec]) -> list[int]:
        """Section .maps; how many bytes each definition in it takes."""
        variables, sizes, at = [], [], 0
        for spec in specs:
            struct, size = self._definition(spec)
            variables.append((self.btf.add_var(_identifier(spec.name), struct), at, size))
            sizes.append(size)
            at += size
        if sizes:
            self.btf.add_datasec(".maps", at, variables)
        return sizes

    def _definition(self, spec: MapSpec) -> tuple[int, int]:
        """The struct that defines a map: its id and size."""
        members = [("type", self._number(spec.map_type))]
        described = spec.key_type or spec.value_type  # the kernel wants both types, or none
        for what, type_name, size in (
            ("key", spec.key_type, spec.key_size),
            ("value", spec.value_type, spec.value_size),
        ):
            if size and described:
                kind = self._integer(type_name) if type_name else self._bytes(size)
                members.append((what, self._pointer(kind)))
            elif size:
                members.append((what + "_size", self._number(size)))
        for what, number in (("max_entries", spec.max_entries), ("map_flags", spec.map_flags)):
            if number:
                members.append((what, self._number(number)))
        rows = [(name, kind, 64 * at) for at, (name, kind) in enumerate(members)]
        size = MAP_MEMBER * len(members)
        return self.btf.add_struct("", size, rows), size

    def data(self, spec: DataSpec) -> None:
        """A data section and its variables."""
        by_offset = {one.offset: one for one in reversed(spec.variables)}  # the kernel: no aliases
        variables = [
            (self.btf.add_var(_identifier(one.name), self._contents(one)), offset, one.size)
            for offset, one in sorted(by_offset.items())
        ]
        if variables:
            self.btf.add_datasec(spec.name, len(spec.contents), variables)

    def _contents(self, variable: Variable) -> int:
        """One unsigned integer, or an array of them."""
        integer = self._integer(f"u{8 * variable.width}")
        count, rest = divmod(variable.size, variable.width)
        if rest:  # bytes behind numbers, under one label
            integer, count = self._integer("u8"), variable.size
        return integer if count == 1 else self._array(integer, count)

    def _integer(self, name: str) -> int:
        """u8 - u64, s8 - s64."""
        if name not in self._known:
            size, signed = int(name[1:]) // 8, name[0] == "s"
            self._known[name] = self.btf.add_int(name, size, signed=signed)
        return self._known[name]

    def _bytes(self, size: int) -> int:
        return self._array(self._integer("u8"), size)

    def _pointer(self, to: int) -> int:
        if ("*", to) not in self._known:
            self._known["*", to] = self.btf.add_ptr(to)
        return self._known["*", to]

    def _array(self, of: int, count: int) -> int:
        if (of, count) not in self._known:
            self._known[of, count] = self.btf.add_array(of, count, self._index)
        return self._known[of, count]

    def _number(self, value: int) -> int:
        """A number as libbpf hides it."""
        return self._pointer(self._array(self._int, value))


def _identifier(name: str) -> str:
    """The kernel takes C identifiers only."""
    if not (name.isidentifier() and name.isascii()):
        raise FormatError(f"{name!r} cannot name anything in an object", why="not a C identifier")
    return name
