"""Write an object spec as an ELF object that libbpf, bpftool and llvm-objdump can read.

The file has these sections:

    .text             │ the functions that programs call, each once
    kprobe/do_exit    │ a program; several of one section follow each other
    .rel...           │ addresses to be filled in: of maps, variables, functions
    license           │ a string
    .maps             │ all zero, as large as the definitions in BTF
    .rodata .data     │ the variables
    .BTF .BTF.ext     │ types; the function and the source line of each instruction
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.asm.instruction import LD_IMM64, SLOT, encode_all
from rawbpf.asm.link import split
from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.ext_info import ExtInfo, FuncInfo, encode_ext_info
from rawbpf.btf.sizes import size_of
from rawbpf.elf import layout as elf
from rawbpf.elf.data_sections import variable_types
from rawbpf.elf.image import Image
from rawbpf.elf.records import line_records
from rawbpf.errors import FormatError, UnsupportedError
from rawbpf.specs.object_types import described

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.instruction import Instruction, Reference
    from rawbpf.btf.btf import Btf
    from rawbpf.specs.object_spec import DataSpec, ObjectSpec

__all__ = ["encode_object"]

_TEXT = ".text"
_NOT_FOR_PROGRAMS = ("license", "version")
_CODE = elf.SHF_ALLOC | elf.SHF_EXECINSTR
_DATA = elf.SHF_ALLOC | elf.SHF_WRITE


def encode_object(spec: ObjectSpec) -> bytes:
    """Return the object file as bytes.

    Raises FormatError if a name is not valid in an object, and UnsupportedError if the object uses
    a feature that libbpf's format cannot express, such as a kernel function without a prototype.
    """
    if spec.btf is None:
        return encode_object(described(spec))
    return _Writer(spec, spec.btf).encode()


class _Writer:
    def __init__(self, spec: ObjectSpec, btf: Btf) -> None:
        self.spec, self.btf = spec, btf
        self.image = Image()
        self.ext = ExtInfo({}, {}, {})
        self.sections: dict[str, int] = {}
        self.functions: dict[str, int] = {}

    def encode(self) -> bytes:
        """Return the file. Symbols are added before the relocations that refer to them."""
        programs, functions = _parts(self.spec)
        code = {_TEXT: functions} if functions else {}
        for name, unit in programs.items():
            program = self.spec.programs[name]
            section = program.section or name
            if section.startswith(".") or section in _NOT_FOR_PROGRAMS:
                raise FormatError(f"program {name!r} cannot be in section {section!r}")
            optional = "" if program.autoload or section.startswith("?") else "?"
            code.setdefault(optional + section, []).append(unit)
        self._place_functions(functions)
        self._maps()
        for data in self.spec.data.values():
            self._data(data)
        for section, units in code.items():
            self._code(section, units)
        self._license()
        types = BtfBuilder(names=self.btf.strings.data)
        types.copy(self.btf.raw(1, len(self.btf)), len(self.btf) - 1)
        ext = encode_ext_info(self._with_lines(code), types.strings)
        self.image.add_section(".BTF", types.encode(), align=4)
        self.image.add_section(".BTF.ext", ext, align=4)
        return self.image.encode()

    def _place_functions(self, functions: Sequence[Bytecode]) -> None:
        offset = 0
        for unit in functions:
            self.functions[unit.name] = offset
            offset += SLOT * unit.slots

    def _maps(self) -> None:
        """Add the .maps section, of which only the size and the symbols matter."""
        if not self.spec.maps:
            return
        types = variable_types(self.btf, ".maps")
        sizes = {name: size_of(self.btf, types[name]) for name in self.spec.maps}
        section, offset = self.image.add_section(".maps", bytes(sum(sizes.values())), _DATA), 0
        for name, size in sizes.items():
            self.image.add_symbol(name, elf.STT_OBJECT, section, offset, size)
            offset += size

    def _data(self, data: DataSpec) -> None:
        flags = elf.SHF_ALLOC if data.read_only else _DATA
        section = self.image.add_section(data.name, data.contents, flags)
        self.sections[data.name] = section
        self._section_symbol(data.name, section)
        for one in data.variables:
            self.image.add_symbol(one.name, elf.STT_OBJECT, section, one.offset, one.size)

    def _section_symbol(self, name: str, section: int) -> None:
        self.image.add_symbol(name, elf.STT_SECTION, section, binding=elf.STB_LOCAL)

    def _code(self, name: str, units: Sequence[Bytecode]) -> None:
        """Add a code section that contains its functions one after the other."""
        bare = [self._bare(unit) for unit in units]
        section = self.image.add_section(name, b"".join(map(encode_all, bare)), _CODE)
        if name == _TEXT:
            self._section_symbol(name, section)
        offset, records = 0, []
        for unit in units:
            static = unit.name in self.functions
            binding = elf.STB_LOCAL if static else elf.STB_GLOBAL
            size = SLOT * unit.slots
            self.image.add_symbol(unit.name, elf.STT_FUNC, section, offset, size, binding)
            records.append(FuncInfo(offset, unit.functions[0].type_id))
            self._relocations(unit, section, offset)
            offset += size
        self.ext.func_info[name] = records

    def _bare(self, unit: Bytecode) -> list[Instruction]:
        """Return the instructions as stored in the file, with only addends in relocated fields."""
        bare = list(unit.instructions)
        for index, reference in unit.references.items():
            instruction = bare[index]
            _, addend = self._symbol(reference)
            if instruction.opcode == LD_IMM64:
                # A loader sets src to say what kind of number it filled in; compilers leave src at
                # 0.
                bare[index] = instruction._replace(src=0, imm=addend)
            else:  # a call counts slots from the next instruction
                bare[index] = instruction._replace(imm=addend // SLOT - 1)
        return bare

    def _relocations(self, unit: Bytecode, section: int, start: int) -> None:
        for index, reference in sorted(unit.references.items()):
            wide = unit.instructions[index].opcode == LD_IMM64
            kind = elf.R_BPF_64_64 if wide else elf.R_BPF_64_32
            offset = start + SLOT * unit.slot_of(index)
            self.image.add_relocation(section, offset, self._symbol(reference)[0], kind)

    def _symbol(self, reference: Reference) -> tuple[str, int]:
        """Return the symbol and the addend for a reference."""
        kind, name, addend = reference
        if kind == "map" and name in self.spec.maps:
            return name, 0
        if kind == "map_value" and name in self.spec.data:
            return _variable(self.spec.data[name], addend)
        if kind == "function":
            return _TEXT, self.functions[name]
        if kind == "map" or (kind == "map_value" and name not in self.spec.maps):
            raise FormatError(
                f"a program refers to {name!r}", why="the object does not define this symbol"
            )
        raise UnsupportedError(f"an object file cannot express {reference.words}")

    def _license(self) -> None:
        if self.spec.license:
            text = self.spec.license.encode(errors="surrogateescape") + b"\0"
            section = self.image.add_section("license", text, _DATA, align=1)
            self.image.add_symbol("_license", elf.STT_OBJECT, section, 0, len(text))

    def _with_lines(self, code: dict[str, list[Bytecode]]) -> ExtInfo:
        """Build the .BTF.ext records.

        Line info is included only if every function starts with a source line.
        """
        first = (unit.instructions[0] for units in code.values() for unit in units)
        if all(one.source for one in first):
            for name, units in code.items():
                self.ext.line_info[name] = line_records(units)
        return self.ext


def _parts(spec: ObjectSpec) -> tuple[dict[str, Bytecode], list[Bytecode]]:
    """Separate the programs from the functions that they call."""
    programs: dict[str, Bytecode] = {}
    functions: dict[str, Bytecode] = {}
    for name, program in spec.programs.items():
        main, *others = split(program.code)
        programs[name] = main._replace(name=name)
        for unit in others:
            known = functions.setdefault(unit.name, unit)
            if known.without_sources() != unit.without_sources() or unit.name in spec.programs:
                raise FormatError(f"more than one function is named {unit.name!r}")
    return programs, list(functions.values())


def _variable(data: DataSpec, addend: int) -> tuple[str, int]:
    """Return the variable at an offset in a section, or the section if there is none."""
    for one in data.variables:
        if one.offset <= addend < one.offset + one.size:
            return one.name, addend - one.offset
    return data.name, addend
