"""Global variables: sections .data, .rodata, .bss and their kin (.rodata.str1.1, .data.config ...).

Names and places come from ELF's symbols, types from BTF. BTF has places as well, but those of an
object that was not linked are all zero.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.elf import layout as elf
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.specs.object_spec import DataSpec, Variable
from rawbpf.uapi.btf import BTF_KIND_DATASEC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.btf.btf import Btf
    from rawbpf.elf.read import ObjectFile, Section, Symbol

__all__ = ["data_sections", "variable_types"]

_NAME = re.compile(r"\.(data|rodata|bss)(\..*)?")
_LARGEST = 1 << 26
"""Bytes of all sections that have none in the file: only numbers vouch for them."""


def data_sections(file: ObjectFile, btf: Btf | None) -> dict[int, DataSpec]:
    """By section number. Empty sections are left out, as no map can have a value of 0 bytes."""
    sections = [
        one
        for one in file.sections
        if _NAME.fullmatch(one.name)
        and one.header.type in (elf.SHT_PROGBITS, elf.SHT_NOBITS)
        and one.header.size
    ]
    size = sum(one.header.size for one in sections if one.header.type == elf.SHT_NOBITS)
    if size > _LARGEST:
        raise FormatError(f"the object would have {size} bytes of variables that are zero")
    symbols: dict[int, list[Symbol]] = {}
    for symbol in file.symbols:
        if symbol.type == elf.STT_OBJECT and symbol.name:
            symbols.setdefault(symbol.section, []).append(symbol)
    return {one.number: _decode(file, one, symbols.get(one.number, ()), btf) for one in sections}


def _decode(
    file: ObjectFile, section: Section, symbols: Iterable[Symbol], btf: Btf | None
) -> DataSpec:
    if next(file.relocations(section), None) is not None:
        raise UnsupportedError(
            f"section {section.name} holds addresses", why="BPF has no addresses before loading"
        )
    contents = section.contents
    if section.header.type == elf.SHT_NOBITS:
        contents = bytes(section.header.size)
    types = variable_types(btf, section.name)
    variables = []
    for symbol in symbols:
        if symbol.value + symbol.size > len(contents):
            raise FormatError(f"variable {symbol.name!r} is not in section {section.name}")
        type_id = types.get(symbol.name, 0)
        variables.append(Variable(symbol.name, symbol.value, symbol.size, type_id=type_id))
    variables.sort(key=lambda one: one.offset)
    return DataSpec(section.name, contents, tuple(variables))


def variable_types(btf: Btf | None, section: str) -> dict[str, int]:
    """Name -> type, of the variables that BTF lists for a section."""
    record = None if btf is None else btf.find(section, BTF_KIND_DATASEC)
    if btf is None or not isinstance(record, t.DataSec):
        return {}
    variables = (btf[one.type_id] for one in record.variables)
    return {one.name: one.type_id for one in variables if isinstance(one, t.Var)}
