"""Summarize the complete contents of an object as plain data, for display, JSON and comparisons.

The dictionary's keys are license, version, remarks, programs, maps, globals, externs, sections,
relocations and btf.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rawbpf.btf.ctext.declare import Budget, declaration
from rawbpf.btf.describe import kind_name
from rawbpf.btf.ext_info import decode_ext_info
from rawbpf.btf.values.codec import codec
from rawbpf.elf import layout as elf
from rawbpf.specs.section_names import section_kind
from rawbpf.uapi.bpf import bpf_prog_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.btf.btf import Btf
    from rawbpf.btf.values.codec import ValueCodec
    from rawbpf.elf.read import ObjectFile
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.specs.object_spec import DataSpec, ObjectSpec, Variable
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["inventory"]

Row = dict[str, Any]

_LARGEST_VALUE = 4096
"""The maximum size in bytes of a variable whose value is shown."""

_MOST_LEAVES = 8
"""The maximum number of values per byte of a variable."""


def inventory(file: ObjectFile, spec: ObjectSpec) -> Row:
    """Return an object's contents as plain data.

    Raises FormatError if the object's types are damaged.
    """
    types = _Types(spec.btf)
    return {
        "license": spec.license,
        "version": spec.version,
        "remarks": list(spec.remarks),
        "programs": [_program(one) for one in spec.programs.values()],
        "maps": [_map(one, types) for one in spec.maps.values()],
        "globals": [
            _variable(one, section, types)
            for section in spec.data.values()
            for one in section.variables
        ],
        "externs": [
            {"name": one.name, "kind": one.kind, "type": types.of(one.type_id), "weak": one.weak}
            for one in spec.externs.values()
        ],
        "sections": [
            {"number": one.number, "name": one.name, "size": one.header.size, "code": one.is_code}
            for one in file.sections
        ],
        "relocations": list(_relocations(file)),
        "btf": None if spec.btf is None else _btf(file, spec.btf),
    }


class _Types:
    """The object's types as C declarations, limited in total length."""

    def __init__(self, btf: Btf | None) -> None:
        self._codecs: dict[int, ValueCodec] = {}
        self.btf, self._budget = btf, Budget(0 if btf is None else btf.words)

    def of(self, type_id: int) -> str | None:
        """Format a type as C, or return None if the type is unknown."""
        if self.btf is None or not type_id:
            return None
        return declaration(self.btf, type_id, budget=self._budget)

    def value(self, variable: Variable, contents: bytes) -> Any:  # noqa: ANN401 -- any type's
        """Return a variable's initial value, or None if it is too long or of unknown type."""
        if self.btf is None or not variable.type_id or variable.size > _LARGEST_VALUE:
            return None
        if variable.type_id not in self._codecs:
            self._codecs[variable.type_id] = codec(self.btf, variable.type_id)
        kind = self._codecs[variable.type_id]
        # Nested unions can pack a million values into one byte.
        if kind.size != variable.size or kind.leaves > _MOST_LEAVES * variable.size:
            return None
        return kind.decode(contents[variable.offset : variable.offset + variable.size])


def _program(spec: ProgramSpec) -> Row:
    kind = section_kind(spec.section)
    known = spec.prog_type is not bpf_prog_type.BPF_PROG_TYPE_UNSPEC
    attach = spec.expected_attach_type
    return {
        "name": spec.name,
        "section": spec.section,
        "type": spec.prog_type.name.removeprefix("BPF_PROG_TYPE_").lower() if known else None,
        "attach_type": None if attach is None else attach.name.removeprefix("BPF_").lower(),
        "attach_to": spec.attach_to or None,
        "since": None if kind is None else ".".join(map(str, kind.since)),
        "flags": spec.prog_flags,
        "optional": not spec.autoload,
        "slots": spec.code.slots,
        "functions": [one.name for one in spec.code.functions[1:]],
        "core_relocations": len(spec.code.relocations),
    }


def _map(spec: MapSpec, types: _Types) -> Row:
    return {
        "name": spec.name,
        "type": spec.map_type.name.removeprefix("BPF_MAP_TYPE_").lower(),
        "key": types.of(spec.btf_key_type_id),
        "key_size": spec.key_size,
        "value": types.of(spec.btf_value_type_id),
        "value_size": spec.value_size,
        "max_entries": spec.max_entries,
        "flags": [one.name.removeprefix("BPF_F_").lower() for one in spec.map_flags if one.name],
        "pinned": spec.pinned,
        "inner": None if spec.inner is None else _map(spec.inner, types),
        "initial": {str(index): name for index, name in spec.initial.items()},
    }


def _variable(one: Variable, section: DataSpec, types: _Types) -> Row:
    return {
        "name": one.name,
        "section": section.name,
        "offset": one.offset,
        "size": one.size,
        "type": types.of(one.type_id),
        "value": types.value(one, section.contents),
    }


def _relocations(file: ObjectFile) -> Iterator[Row]:
    """Yield the relocations of all sections, including debug sections."""
    for section in file.sections:
        for one in file.relocations(section):
            yield {
                "section": section.name,
                "loaded": bool(section.header.flags & elf.SHF_ALLOC),
                "offset": one.offset,
                "type": elf.RELOCATION_NAMES.get(one.type, str(one.type)),
                "symbol": one.symbol.name,
            }


def _btf(file: ObjectFile, btf: Btf) -> Row:
    """Count the types of each kind, and the records in .BTF.ext."""
    kinds = Counter(kind_name(btf.kind(number)) for number in range(1, len(btf)))
    section = file.section(".BTF.ext")
    row: Row = {"types": len(btf) - 1, "kinds": dict(kinds.most_common())}
    if section is not None and section.contents:
        info = decode_ext_info(section.contents, btf.strings)
        row |= {name: sum(map(len, table.values())) for name, table in info._asdict().items()}
    return row
