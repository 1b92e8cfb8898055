r"""A `.bpf.s` file, line by line, into an ObjectSpec.

    .license "Dual MIT/GPL"                     ; one for the file
    .include "events.inc"                       ; constants of another file
    .equ     SIZE, 4 * 8                        ; a constant
    .map     hits, array, key=u32, value=u64, entries=1

    .program count, "kprobe/do_sys_openat2"     ; name, section; type= and attach= if need be
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

Labels belong to the program or function that they are in; all other names to the file. Names of
<linux/bpf.h> (BPF_ANY ...) are known.

>>> spec = assemble('.program nothing, "xdp"\n r0 = XDP_PASS\n exit')
>>> spec.programs["nothing"].prog_type.name, spec.programs["nothing"].code.slots
('BPF_PROG_TYPE_XDP', 2)
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from rawbpf.asm.link import link
from rawbpf.asm.parse import parse_statement
from rawbpf.asm.tokens import Line, Token, tokenize
from rawbpf.input_file import read_text
from rawbpf.source.arguments import Arguments
from rawbpf.source.constants import Constants
from rawbpf.source.data_section import DIRECTIVES as DATA_DIRECTIVES
from rawbpf.source.data_section import DataSection
from rawbpf.source.files import lines_of
from rawbpf.source.map_directive import map_directive
from rawbpf.source.program_directive import Header, program_directive
from rawbpf.source.unit import Symbols, Unit
from rawbpf.specs.object_spec import ExternSpec, ObjectSpec
from rawbpf.specs.object_types import described

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rawbpf.asm.bytecode import Bytecode
    from rawbpf.specs.map_spec import MapSpec
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["assemble", "assemble_file"]


def assemble(text: str, file: str = "<text>") -> ObjectSpec:
    """The programs, maps and data of a text. AssemblyError says where it is wrong."""
    assembler = _Assembler()
    for line in lines_of(text, file):
        assembler.line(line)
    return assembler.spec()


def assemble_file(path: Path) -> ObjectSpec:
    """The same, of a file. Included files are found beside it. UsageError: it cannot be read."""
    return assemble(read_text(path), str(path))


class _Assembler:
    """The state between lines: what has been defined, and where the next line belongs."""

    def __init__(self) -> None:
        self.constants = Constants()
        self.license = ""
        self.maps: dict[str, MapSpec] = {}
        self.headers: dict[str, Header] = {}
        self.units: dict[str, Unit] = {}
        self.data: dict[str, DataSection] = {}
        self.names: dict[str, Line] = {}
        self.place: Unit | DataSection | None = None
        self.directives: dict[str, Callable[[Arguments], None]] = {
            ".license": self._license,
            ".map": self._map,
            ".program": self._program,
            ".function": self._function,
            ".equ": self.constants.equ,
            ".include": self.constants.include,
        }

    def line(self, line: Line) -> None:
        """One line: labels, then a directive or an instruction, or nothing."""
        tokens = self._labels(line, tokenize(line))
        first = tokens[0]
        if first.kind == "end":
            return
        if first.text.startswith("."):
            self._directive(first.text, Arguments(line, tokens[1:], self.constants.values), first)
        elif isinstance(self.place, Unit):
            statement = parse_statement(line, tokens, self.constants.values)
            self.place.append(statement, line, first.column)
        else:
            raise line.error("an instruction outside of code", first.column, ".program before it")

    def _labels(self, line: Line, tokens: Sequence[Token]) -> Sequence[Token]:
        """Place the labels that a line begins with; what is left."""
        while tokens[0].kind == "name" and tokens[1].text == ":":
            name, column = tokens[0].text, tokens[0].column
            if isinstance(self.place, Unit):
                if name in self.place.labels or name in self.constants.values:
                    raise line.error(f"{name!r} is there already", column, "another name")
                self.place.label(name)
            elif isinstance(self.place, DataSection):
                self._define(name, line, column)
                self.place.label(name, line)
            else:
                raise line.error("a label outside of code and data", column, ".program before it")
            tokens = tokens[2:]
        return tokens

    def _define(self, name: str, line: Line, column: int) -> None:
        """Names of maps, programs, functions and variables are the file's: each once."""
        if not (name.isidentifier() and name.isascii()):
            raise line.error(f"{name!r} is no name for this", column, "letters, digits and _")
        if name in self.constants.values:
            raise line.error(f"{name!r} is a constant", column, "another name")
        if name in self.names:
            before = self.names[name]
            where = f"{before.file}:{before.number}"
            raise line.error(f"{name!r} is defined twice; before at {where}", column)
        self.names[name] = line

    def _directive(self, name: str, arguments: Arguments, token: Token) -> None:
        if name in self.directives:
            self.directives[name](arguments)
        elif name in DATA_DIRECTIVES and isinstance(self.place, DataSection):
            DATA_DIRECTIVES[name](self.place, arguments)
        elif name.startswith((".rodata", ".data", ".bss")):
            self.place = self.data.setdefault(name, DataSection(name))
        elif name in DATA_DIRECTIVES:
            raise arguments.error(f"{name} outside of data", ".rodata or .data before it", token)
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

    def _begin(self, name: str, line: Line, column: int) -> None:
        self._define(name, line, column)
        self.units[name] = self.place = Unit(name, line)

    def spec(self) -> ObjectSpec:
        """Everything, once the last line is read."""
        data = {name: section.spec() for name, section in self.data.items()}
        symbols = Symbols(
            self.maps,
            {name: unit for name, unit in self.units.items() if name not in self.headers},
            {one.name: (name, one.offset) for name, d in data.items() for one in d.variables},
        )
        code = {name: unit.program(symbols) for name, unit in self.units.items()}
        functions = {name: code[name] for name in symbols.functions}
        programs = {name: self._finish(code[name], functions) for name in self.headers}
        spec = described(ObjectSpec(programs, self.maps, data, self.license))
        return spec._replace(externs=_externs(spec))

    def _finish(self, code: Bytecode, functions: dict[str, Bytecode]) -> ProgramSpec:
        return self.headers[code.name].spec(link(code, functions), self.license)


def _externs(spec: ObjectSpec) -> dict[str, ExternSpec]:
    """Return the kernel functions and variables that programs refer to, to be found at load.

    Assembly does not declare their types. Variables get the type int, because those without a type
    are looked up by address instead of by BTF ID.
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
