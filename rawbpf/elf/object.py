"""Read an object file compiled from C by clang into an object spec.

    sections of code        -> programs, each followed by the functions that it calls
    .maps and its types     -> maps          (older definitions: sections "maps")
    .data .rodata .bss      -> data
    undefined symbols       -> externs
    license                 -> the licence

The file is untrusted input, so damage results in a FormatError or a related error.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from rawbpf.asm.link import link
from rawbpf.btf.btf import Btf
from rawbpf.elf import layout as elf
from rawbpf.elf.data_sections import data_sections, externs, variable_types
from rawbpf.elf.faults import stop
from rawbpf.elf.functions import CodeReader
from rawbpf.elf.map_definitions import decode_map, old_maps, old_places
from rawbpf.elf.read import ObjectFile
from rawbpf.elf.records import Records
from rawbpf.elf.references import References
from rawbpf.errors import BytecodeError, FormatError
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.specs.section_names import read_section
from rawbpf.uapi.bpf import bpf_prog_type

if TYPE_CHECKING:
    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.elf.faults import Report
    from rawbpf.elf.read import Section, Symbol
    from rawbpf.elf.references import Place
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["open_object", "read_spec"]

_TEXT = ".text"
_MAPS = ".maps"
_OLD = "in the form that libbpf 1.0 dropped, so its types are unknown"
_MOST_SLOTS = 1 << 20
"""The maximum combined size of all programs.

A small file can contain many programs that each call all functions.
"""


def open_object(data: bytes) -> ObjectSpec:
    """Return the programs, maps and variables that an object file defines.

    This function does not access the kernel.

    Raises FormatError if the file is damaged or not a BPF object, UnsupportedError if the object
    needs a feature that rawbpf does not support.
    """
    return read_spec(ObjectFile(data))


def read_spec(file: ObjectFile, report: Report = stop) -> ObjectSpec:
    """Return the object spec for a parsed file. Raises the same errors as ``open_object``.

    ``report`` is called for each map definition, instruction or relocation that is invalid, if the
    rest of the object can be read. If ``report`` returns, the spec contains everything else.
    """
    return _Reader(file, report).spec()


class _Reader:
    def __init__(self, file: ObjectFile, report: Report) -> None:
        self.file, self.report = file, report
        types = file.section(".BTF")
        self.btf = Btf(types.contents) if types is not None and types.contents else None
        self.data = data_sections(file, self.btf, report)
        self.externs = externs(file, self.btf)

    def spec(self) -> ObjectSpec:
        """Return the complete object spec."""
        section = self.file.section(_MAPS)
        places = {} if section is None else self._map_places(section)
        old = old_maps(self.file, self.report)
        old_names = old_places(self.file)
        names = {number: spec.name for number, spec in self.data.items()}
        records = Records(self.file, self.btf)
        references = References(self.file, places | old_names, names, self.externs, self.report)
        units = CodeReader(self.file, records, references, self.report).functions()
        maps = {} if section is None else self._maps(section, places, references.names)
        maps |= {spec.name: spec for spec in old.values()}
        return ObjectSpec(
            self._programs(units),
            maps,
            {spec.name: spec for spec in self.data.values()},
            self._license(),
            self.externs,
            self.btf,
            tuple(f"map {name!r} is defined {_OLD}" for name in old_names.values()),
            frozenset(one.name for one in self.file.symbols if _is_hidden(one)),
            self._version(),
        )

    def _map_places(self, section: Section) -> dict[Place, str]:
        return {
            (symbol.section, symbol.value): symbol.name
            for symbol in self.file.symbols
            if symbol.section == section.number and symbol.type == elf.STT_OBJECT
        }

    def _maps(
        self, section: Section, places: dict[Place, str], functions: dict[Place, str]
    ) -> dict[str, MapSpec]:
        if self.btf is None:
            raise FormatError("section .maps without BTF", fix="compile with -g")
        btf = self.btf
        types = variable_types(btf, _MAPS)
        initial = self._initial(section, places, functions)
        specs = {}
        for name in places.values():
            if name not in types:
                what = f"the BTF does not describe map {name!r}"
                self.report(FormatError(what, fix="compile with -g"))
                continue
            try:
                specs[name] = decode_map(name, btf, types[name], initial.get(name, {}))
            except FormatError as fault:
                self.report(fault)
        return specs

    def _initial(
        self, section: Section, places: dict[Place, str], functions: dict[Place, str]
    ) -> dict[str, dict[int, str]]:
        """Return the names of initial entries, keyed by map and offset in its definition."""
        maps = sorted((place[1], name) for place, name in places.items())
        starts = [start for start, _ in maps]
        found: dict[str, dict[int, str]] = {}
        for relocation in self.file.relocations(section):
            target = relocation.symbol.section, relocation.symbol.value
            name = places.get(target) or functions.get(target)
            index = bisect_right(starts, relocation.offset) - 1
            if name is None or index < 0:
                raise FormatError(
                    f"a map contains {relocation.symbol.name!r}, which is neither a map nor "
                    "a program"
                )
            start, holder = maps[index]
            found.setdefault(holder, {})[relocation.offset - start] = name
        return found

    def _programs(self, units: dict[Place, Bytecode]) -> dict[str, ProgramSpec]:
        """Return the programs, which are the global functions outside .text.

        Programs may call other functions.
        """
        functions = {unit.name: unit for unit in units.values()}
        static = {
            (one.section, one.value)
            for one in self.file.symbols
            if one.binding == elf.STB_LOCAL and one.type == elf.STT_FUNC
        }
        programs, slots = {}, 0
        for place, unit in units.items():
            section = self.file.sections[place[0]].name
            if section == _TEXT or place in static:
                continue
            program = self._program(section, unit, functions)
            slots += program.code.slots
            if slots > _MOST_SLOTS:
                raise FormatError(f"the programs have more than {_MOST_SLOTS} instructions")
            programs[unit.name] = program
        return programs

    def _program(self, section: str, unit: Bytecode, functions: dict[str, Bytecode]) -> ProgramSpec:
        try:
            code = link(unit, functions)
        except BytecodeError as error:
            raise FormatError(f"program {unit.name!r}: {error.what}", why=error.why) from None
        name = read_section(section)
        kind = name.kind
        return ProgramSpec(
            unit.name,
            bpf_prog_type.BPF_PROG_TYPE_UNSPEC if kind is None else kind.prog_type,
            code,
            self._license(),
            None if kind is None else kind.attach_type,
            section=name.section,
            attach_to=name.attach_to,
            prog_flags=name.prog_flags,
            autoload=name.autoload,
        )

    def _license(self) -> str:
        section = self.file.section("license")
        contents = b"" if section is None else section.contents
        return contents.partition(b"\0")[0].decode(errors="surrogateescape")

    def _version(self) -> int:
        section = self.file.section("version")
        return 0 if section is None else int.from_bytes(section.contents[:4], "little")


def _is_hidden(symbol: Symbol) -> bool:
    return symbol.hidden and symbol.type == elf.STT_FUNC and symbol.binding != elf.STB_LOCAL
