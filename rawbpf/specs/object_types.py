"""Generate BTF from specs, for objects that were not compiled from C.

libbpf and bpftool read map definitions from this BTF, and the kernel requires it for callbacks and
displays it to users:

    functions  │ prototypes; programs take ``void *ctx``
    maps       │ a variable in section .maps, of a struct whose members are pointers: a number n is
               │ encoded as "pointer to an array of n", a type as "pointer to it"
    data       │ a variable for each label

    struct { int (*type)[1]; int (*max_entries)[64]; u32 *key; u64 *value; } hits SEC(".maps");
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.errors import FormatError
from rawbpf.uapi.btf import BTF_FUNC_GLOBAL, BTF_FUNC_STATIC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.specs.object_spec import DataSpec, ObjectSpec, Variable

__all__ = ["described"]

_POINTER = 8


def described(spec: ObjectSpec) -> ObjectSpec:
    """Return the spec with BTF, and with type IDs for its maps, variables and functions.

    Raises FormatError if a name cannot be used in BTF.
    """
    types = _Types()
    maps = {one.name: one for one in types.maps(spec.maps.values())}
    data = {name: types.data(one) for name, one in spec.data.items()}
    programs = {
        name: one._replace(code=types.code(name, one.code)) for name, one in spec.programs.items()
    }
    return spec._replace(programs=programs, maps=maps, data=data, btf=Btf(types.btf.encode()))


class _Types:
    """Adds types to a BTF blob, without adding any type twice."""

    def __init__(self) -> None:
        self.btf = BtfBuilder()
        self._known: dict[object, int] = {}
        self._functions: dict[str, int] = {}
        self._int = self.btf.add_int("int", 4, signed=True)
        self._index = self.btf.add_int("__ARRAY_SIZE_TYPE__", 4)
        pointer = self.btf.add_ptr(0)
        self._with_context = self.btf.add_func_proto(self._int, [("ctx", pointer)])
        self._without = self.btf.add_func_proto(self._int)

    def code(self, name: str, code: Bytecode) -> Bytecode:
        """Describe a program and the functions that it contains.

        A program is described as ``int name(void *ctx)``. The parameters of other functions are
        unknown, so they are described as ``static int name()``.
        """
        functions = []
        for one in code.functions:
            if one.slot == 0:
                linkage, prototype = BTF_FUNC_GLOBAL, self._with_context
                type_id = self.btf.add_func(_identifier(name), prototype, linkage)
            elif one.name in self._functions:
                type_id = self._functions[one.name]
            else:
                type_id = self.btf.add_func(_identifier(one.name), self._without, BTF_FUNC_STATIC)
                self._functions[one.name] = type_id
            functions.append(one._replace(type_id=type_id))
        return code._replace(functions=tuple(functions))

    def maps(self, specs: Iterable[MapSpec]) -> list[MapSpec]:
        """Describe maps as variables in section .maps."""
        found, variables, at = [], [], 0
        for spec in specs:
            found.append(self._with_ids(spec))
            struct, size = self._definition(found[-1])
            variables.append((self.btf.add_var(_identifier(spec.name), struct), at, size))
            at += size
        if variables:
            self.btf.add_datasec(".maps", at, variables)
        return found

    def _with_ids(self, spec: MapSpec) -> MapSpec:
        """Replace type names with IDs.

        The kernel requires that either both or neither of key and value have a type.
        """
        if not (spec.key_type or spec.value_type):
            return spec
        return spec._replace(
            btf_key_type_id=self._contents(spec.key_type, spec.key_size),
            btf_value_type_id=self._contents(spec.value_type, spec.value_size),
            key_type="",
            value_type="",
        )

    def _contents(self, type_name: str, size: int) -> int:
        if type_name or not size:
            return self._integer(type_name) if type_name else 0
        return self._array(self._integer("u8"), size)

    def _definition(self, spec: MapSpec) -> tuple[int, int]:
        """Add the struct that defines a map; return the struct's type ID and size."""
        members = [("type", self._number(spec.map_type))]
        for what, type_id, size in (
            ("key", spec.btf_key_type_id, spec.key_size),
            ("value", spec.btf_value_type_id, spec.value_size),
        ):
            if type_id:
                members.append((what, self._pointer(type_id)))
            elif size:
                members.append((what + "_size", self._number(size)))
        for what, number in (("max_entries", spec.max_entries), ("map_flags", spec.map_flags)):
            if number:
                members.append((what, self._number(number)))
        rows = [(name, kind, 8 * _POINTER * at) for at, (name, kind) in enumerate(members)]
        size = _POINTER * len(members)
        return self.btf.add_struct("", size, rows), size

    def data(self, spec: DataSpec) -> DataSpec:
        """Describe a data section and its variables.

        If several labels share an offset, only the first label becomes a BTF variable, because the
        kernel rejects variables that overlap. All labels at the offset get the same type.
        """
        variables = tuple(
            one._replace(type_id=self._variable(one), width=1) for one in spec.variables
        )
        first = {one.offset: one for one in reversed(variables)}
        rows = [
            (self.btf.add_var(_identifier(one.name), one.type_id), offset, one.size)
            for offset, one in sorted(first.items())
        ]
        if rows:
            self.btf.add_datasec(spec.name, len(spec.contents), rows)
        return spec._replace(variables=variables)

    def _variable(self, variable: Variable) -> int:
        """Add a variable's type, which is an unsigned integer or an array of unsigned integers."""
        integer = self._integer(f"u{8 * variable.width}")
        count, rest = divmod(variable.size, variable.width)
        if rest:  # bytes that follow numbers under the same label
            integer, count = self._integer("u8"), variable.size
        return integer if count == 1 else self._array(integer, count)

    def _integer(self, name: str) -> int:
        """Add an integer type, such as u8 or s64."""
        if name not in self._known:
            size, signed = int(name[1:]) // 8, name[0] == "s"
            self._known[name] = self.btf.add_int(name, size, signed=signed)
        return self._known[name]

    def _pointer(self, to: int) -> int:
        if ("*", to) not in self._known:
            self._known["*", to] = self.btf.add_ptr(to)
        return self._known["*", to]

    def _array(self, of: int, count: int) -> int:
        if (of, count) not in self._known:
            self._known[of, count] = self.btf.add_array(of, count, self._index)
        return self._known[of, count]

    def _number(self, value: int) -> int:
        """Encode a number as a type, in the same way as libbpf."""
        return self._pointer(self._array(self._int, value))


def _identifier(name: str) -> str:
    """Return ``name`` after checking that it is a C identifier, as the kernel requires.

    Raise FormatError otherwise.
    """
    if not (name.isidentifier() and name.isascii()):
        raise FormatError(f"{name!r} is not a valid name in an object", why="not a C identifier")
    return name
