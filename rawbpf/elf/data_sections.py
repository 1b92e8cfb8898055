"""An object's global variables and externs.

Variables are stored in the sections .data, .rodata, .bss and their variants (.rodata.str1.1,
.data.config). Names and offsets come from ELF symbols, and types come from BTF. BTF also contains
offsets, but they are all zero before linking.

Externs are undefined symbols, and their declarations are in BTF:

    extern int LINUX_KERNEL_VERSION __kconfig   │ a variable in section .kconfig
    extern const struct rq runqueues __ksym     │ a variable in section .ksyms
    extern void bpf_rcu_read_lock(void) __ksym  │ a function in section .ksyms
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.btf import types as t
from rawbpf.btf.sizes import align_of, size_of
from rawbpf.elf import layout as elf
from rawbpf.elf.faults import stop
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.specs.object_spec import DataSpec, ExternSpec, Variable
from rawbpf.uapi.btf import BTF_KIND_DATASEC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.btf.btf import Btf
    from rawbpf.elf.faults import Report
    from rawbpf.elf.read import ObjectFile, Section, Symbol

__all__ = [
    "data_sections",
    "externs",
    "variable_types",
]

_NAME = re.compile(r"\.(data|rodata|bss)(\..*)?")
_LARGEST = 1 << 26
"""The maximum total size in bytes of sections that have no contents in the file."""


def data_sections(file: ObjectFile, btf: Btf | None, report: Report = stop) -> dict[int, DataSpec]:
    """Return nonempty data sections by section number; maps cannot be empty.

    Raises FormatError if the sections are damaged. An UnsupportedError is reported if a section
    contains addresses.
    """
    sections = [
        one
        for one in file.sections
        if _NAME.fullmatch(one.name)
        and one.header.type in (elf.SHT_PROGBITS, elf.SHT_NOBITS)
        and one.header.size
    ]
    size = sum(one.header.size for one in sections if one.header.type == elf.SHT_NOBITS)
    if size > _LARGEST:
        raise FormatError(f"the object declares too many zeroed variables ({size} bytes)")
    symbols: dict[int, list[Symbol]] = {}
    for symbol in file.symbols:
        if symbol.type == elf.STT_OBJECT and symbol.name:
            symbols.setdefault(symbol.section, []).append(symbol)
    for section in sections:
        if next(file.relocations(section), None) is not None:
            report(
                UnsupportedError(
                    f"section {section.name} contains addresses",
                    why="in BPF, addresses are known only after loading",
                )
            )
    return {one.number: _decode(one, symbols.get(one.number, ()), btf) for one in sections}


def _decode(section: Section, symbols: Iterable[Symbol], btf: Btf | None) -> DataSpec:
    contents = section.contents
    if section.header.type == elf.SHT_NOBITS:
        contents = bytes(section.header.size)
    types = variable_types(btf, section.name)
    variables = []
    for symbol in symbols:
        if symbol.value + symbol.size > len(contents):
            raise FormatError(
                f"variable {symbol.name!r} extends past the end of section {section.name}"
            )
        type_id = types.get(symbol.name, 0)
        variables.append(Variable(symbol.name, symbol.value, symbol.size, type_id=type_id))
    variables.sort(key=lambda one: one.offset)
    return DataSpec(section.name, contents, tuple(variables))


def variable_types(btf: Btf | None, section: str) -> dict[str, int]:
    """Return the type IDs of the variables that BTF lists for a section, keyed by name."""
    record = None if btf is None else btf.find(section, BTF_KIND_DATASEC)
    if btf is None or not isinstance(record, t.DataSec):
        return {}
    variables = (btf[one.type_id] for one in record.variables)
    return {one.name: one.type_id for one in variables if isinstance(one, t.Var)}


def externs(file: ObjectFile, btf: Btf | None) -> dict[str, ExternSpec]:
    """Return externs by name, with the offsets of those in .kconfig.

    Undefined symbols without a type are omitted, since they are an error only if the code uses
    them.
    """
    if btf is None:
        return {}
    wanted = {
        symbol.name: symbol.binding == elf.STB_WEAK
        for symbol in file.symbols
        if symbol.section == elf.SHN_UNDEF and symbol.name
    }
    settings = list(_declared(btf, ".kconfig", "kconfig", wanted))
    names = _declared(btf, ".ksyms", "ksym", wanted)
    return {one.name: one for one in (*_placed(settings, btf), *names)}


def _declared(btf: Btf, section: str, kind: str, wanted: dict[str, bool]) -> Iterable[ExternSpec]:
    record = btf.find(section, BTF_KIND_DATASEC)
    if not isinstance(record, t.DataSec):
        return
    for one in record.variables:
        declared = btf[one.type_id]
        name = getattr(declared, "name", "")
        if name not in wanted:
            continue
        if isinstance(declared, t.Func):
            yield ExternSpec(name, "kfunc", one.type_id, wanted[name])
        elif isinstance(declared, t.Var):
            yield ExternSpec(name, kind, declared.type_id, wanted[name])


def _placed(settings: list[ExternSpec], btf: Btf) -> list[ExternSpec]:
    """Lay out the variables of .kconfig in order of decreasing alignment, to avoid gaps."""
    known: dict[int, int] = {}
    sized = [one._replace(size=size_of(btf, one.type_id)) for one in settings]
    aligns = {one.name: align_of(btf, one.type_id, known) for one in sized}
    placed, end = [], 0
    for one in sorted(sized, key=lambda one: (-aligns[one.name], one.size, one.name)):
        offset = -(-end // aligns[one.name]) * aligns[one.name]
        placed.append(one._replace(offset=offset))
        end = offset + one.size
    return placed
