r"""The assembler, which turns the text of a `.bpf.s` file into an object spec with BTF.

    .license "Dual MIT/GPL"                     ; of the whole file
    .include "events.inc"                       ; constants of another file
    .equ     SIZE, 4 * 8                        ; a constant
    .map     hits, array, key=u32, value=u64, entries=1

    .program count, "kprobe/do_sys_openat2"     ; name, section; type= and attach= if needed
    start:   *(u32 *)(r10 - 4) = 0              ; a label, an instruction
             r2 = r10
             r2 += -4
             r1 = hits ll                       ; the map
             call map_lookup_elem               ; a helper
             if r0 == 0 goto out
             r1 = 1
             lock *(u64 *)(r0 + 0) += r1
    out:     r0 = 0
             exit

    .function twice                             ; a local function: `call twice`
             ...
    .rodata                                     ; or .data, .bss
    text:    .asciz "hello"

A semicolon starts a comment, unless an instruction follows on the same line: `r0 = 0; exit` is two
instructions, as in other assemblers. Assembly from `clang -S -target bpf` can be assembled as well,
except for its maps (see ``compiled``).

Labels are local to a program or function; all other names are global within the file. The constants
from <linux/bpf.h> (BPF_ANY ...) are predefined.

>>> spec = assemble('.program nothing, "xdp"\n r0 = XDP_PASS\n exit')
>>> spec.programs["nothing"].prog_type.name, spec.programs["nothing"].code.slots
('BPF_PROG_TYPE_XDP', 2)
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from rawbpf.asm.link import link
from rawbpf.asm.parse import parse_statement
from rawbpf.input_file import read_text
from rawbpf.source.arguments import Arguments
from rawbpf.source.compiled import LICENSE, Sections, plain_name
from rawbpf.source.constants import Constants, lines_of
from rawbpf.source.data_section import DIRECTIVES as DATA_DIRECTIVES
from rawbpf.source.data_section import DataSection
from rawbpf.source.directives import Header, map_directive, program_directive
from rawbpf.source.statements import statements_of
from rawbpf.source.unit import Symbols, Unit
from rawbpf.specs.object_spec import ExternSpec, ObjectSpec
from rawbpf.specs.object_types import described

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.asm.tokens import Line, Token
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["assemble", "assemble_file"]

_PAGE = 4096


def assemble(text: str, file: str = "<text>") -> ObjectSpec:
    """Assemble a text into programs, maps and data with BTF, ready to load.

    ``file`` is the file name that appears in errors and source lines. Raises AssemblyError, with
    line and column, if the text is invalid.
    """
    assembler = _Assembler()
    for line in lines_of(text, file):
        assembler.line(line)
    return assembler.spec()


def assemble_file(path: Path) -> ObjectSpec:
    """Assemble a file.

    The paths of included files are relative to the including file.

    Raises AssemblyError if the text is invalid, UsageError if the file cannot be read.
    """
    return assemble(read_text(path), str(path))


class _Assembler:
    """The assembler's state: the definitions so far, and the current program or section."""

    def __init__(self) -> None:
        self.constants = Constants()
        self.license = ""
        self.maps: dict[str, MapSpec] = {}
        self.headers: dict[str, Header] = {}
        self.units: dict[str, Unit] = {}
        self.data: dict[str, DataSection] = {}
        self.names: dict[str, Line] = {}
        self.place: Unit | DataSection | None = None
        self.sections = Sections()
        self.plain: dict[str, str] = {}
        self.directives: dict[str, Callable[[Arguments], None]] = {
            ".license": self._license,
            ".map": self._map,
            ".program": self._program,
            ".function": self._function,
            ".equ": self.constants.equ,
            ".include": self.constants.include,
            ".globl": self.sections.globl,
            ".global": self.sections.globl,
            ".type": self.sections.type,
            ".section": self._section,
            ".text": self._section_of_functions,
            ".comm": self._common,
        }

    def line(self, line: Line) -> None:
        """Process a line, which may contain labels, followed by a directive or by instructions."""
        if self.sections.skips(line):
            return
        for part in statements_of(line):
            self._statement(line, part)

    def _statement(self, line: Line, tokens: Sequence[Token]) -> None:
        tokens = self._labels(line, tokens)
        first = tokens[0]
        if first.kind == "end":
            return
        if first.text.startswith("."):
            self._directive(first.text, Arguments(line, tokens[1:], self.constants.values), first)
        elif isinstance(self.place, Unit):
            statement = parse_statement(line, tokens, self.constants.values)
            self.place.append(statement, line, first.column)
        else:
            raise line.error(
                "instruction outside a program",
                first.column,
                "a .program directive before this line",
            )

    def _labels(self, line: Line, tokens: Sequence[Token]) -> Sequence[Token]:
        """Define the labels at the start of a line and return the remaining tokens."""
        while tokens[0].kind == "name" and tokens[1].text == ":":
            name, column = tokens[0].text, tokens[0].column
            if self.sections.starts_function(name):
                self._compiled_function(name, line, column)
            elif isinstance(self.place, Unit):
                if name in self.place.labels or name in self.constants.values:
                    raise line.error(f"{name!r} is already defined", column, "another name")
                self.place.label(name)
            elif isinstance(self.place, DataSection):
                self.plain[name] = plain_name(name)
                self._define(self.plain[name], line, column)
                self.place.label(self.plain[name], line)
            else:
                raise line.error(
                    "label outside code and data", column, "a .program directive before this line"
                )
            tokens = tokens[2:]
        return tokens

    def _define(self, name: str, line: Line, column: int) -> None:
        """Define a map, program, function or variable; its name must be unique in the file."""
        if not (name.isidentifier() and name.isascii()):
            raise line.error(f"invalid name {name!r}", column, "letters, digits and _")
        if name in self.constants.values:
            raise line.error(f"{name!r} is a constant", column, "another name")
        if name in self.names:
            before = self.names[name]
            where = f"{before.file}:{before.number}"
            raise line.error(f"{name!r} is already defined at {where}", column)
        self.names[name] = line

    def _directive(self, name: str, arguments: Arguments, token: Token) -> None:
        if name in self.directives:
            self.directives[name](arguments)
        elif name in DATA_DIRECTIVES and isinstance(self.place, DataSection):
            DATA_DIRECTIVES[name](self.place, arguments)
        elif name.startswith((".rodata", ".data", ".bss")):
            self.sections.data()
            self.place = self.data.setdefault(name, DataSection(name))
        elif name in DATA_DIRECTIVES:
            raise arguments.error(
                f"{name} outside a data section",
                "a .rodata or .data directive before this line",
                token,
            )
        else:
            known = (*self.directives, *DATA_DIRECTIVES, ".rodata", ".data", ".bss")
            near = " or ".join(get_close_matches(name, known, n=2)) or ", ".join(known[:6])
            raise arguments.error(f"unknown directive {name}", near, token)
        arguments.end()

    def _license(self, arguments: Arguments) -> None:
        self.license = arguments.text('a licence, such as "Dual MIT/GPL"')

    def _map(self, arguments: Arguments) -> None:
        column = arguments.token.column
        spec = map_directive(arguments)
        self._define(spec.name, arguments.line, column)
        self.maps[spec.name] = spec

    def _program(self, arguments: Arguments) -> None:
        column = arguments.token.column
        header = program_directive(arguments)
        self._begin(header.name, arguments.line, column)
        self.headers[header.name] = header

    def _function(self, arguments: Arguments) -> None:
        column = arguments.token.column
        self._begin(arguments.name("the function's name"), arguments.line, column)

    def _section(self, arguments: Arguments) -> None:
        section = self.sections.section(arguments)
        if section is not None:
            self.place = self.data.setdefault(section.name, section)
        else:
            self.place = None

    def _section_of_functions(self, arguments: Arguments) -> None:
        self.sections.text(arguments)
        self.place = None

    def _common(self, arguments: Arguments) -> None:
        """Process `.comm NAME,SIZE,ALIGNMENT`, which defines a zeroed variable in .bss."""
        token = arguments.token
        name = arguments.name("the name of a variable")
        section = self.data.setdefault(".bss", DataSection(".bss"))
        arguments.comma()
        size = arguments.number(1, section.room())
        alignment = arguments.number(1, _PAGE) if arguments.comma() else 1
        self.plain[name] = plain_name(name)
        self._define(self.plain[name], arguments.line, token.column)
        section.label(self.plain[name], arguments.line)
        section.append(bytes(size), alignment)

    def _compiled_function(self, name: str, line: Line, column: int) -> None:
        header = self.sections.header(name, line)
        self._begin(name, line, column)
        if header is not None:
            self.headers[name] = header

    def _begin(self, name: str, line: Line, column: int) -> None:
        self._define(name, line, column)
        self.units[name] = self.place = Unit(name, line)

    def spec(self) -> ObjectSpec:
        """Return the complete spec after all lines have been processed."""
        license_ = self.data.pop(LICENSE, None)
        if license_ is not None:
            text = license_.spec().contents.partition(b"\0")[0]
            self.license = text.decode(errors="surrogateescape")
        data = {name: section.spec() for name, section in self.data.items()}
        places = {one.name: (name, one.offset) for name, d in data.items() for one in d.variables}
        symbols = Symbols(
            self.maps,
            {name: unit for name, unit in self.units.items() if name not in self.headers},
            {name: places[plain] for name, plain in self.plain.items() if plain in places},
        )
        code = {name: unit.program(symbols) for name, unit in self.units.items()}
        functions = {name: code[name] for name in symbols.functions}
        programs = {name: self._finish(code[name], functions) for name in self.headers}
        spec = described(ObjectSpec(programs, self.maps, data, self.license))
        return spec._replace(externs=_externs(spec))

    def _finish(self, code: Bytecode, functions: dict[str, Bytecode]) -> ProgramSpec:
        return self.headers[code.name].spec(link(code, functions), self.license)


def _externs(spec: ObjectSpec) -> dict[str, ExternSpec]:
    """Return the kernel functions and variables that programs refer to, for lookup at load time.

    Assembly does not declare the types of externs. Variables get the type int, because variables
    without a type are looked up by address instead of by BTF ID.
    """
    references = (
        one for program in spec.programs.values() for one in program.code.references.values()
    )
    integer = (spec.btf and spec.btf.find_id("int")) or 0
    types = {"kfunc": 0, "ksym": integer}
    return {
        one.name: ExternSpec(one.name, one.kind, types[one.kind])
        for one in references
        if one.kind in types
    }
