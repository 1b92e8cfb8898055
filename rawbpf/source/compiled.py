"""Directives in assembly that a compiler writes (``clang -S -target bpf``).

    .section "kprobe/do_exit","ax",@progbits     code; the functions in it are programs
    .globl prog                                  or else the function is local
    .type  prog,@function
    prog:  r0 = 0
           exit
    .section .rodata,"a",@progbits               data

Directives that only describe the text (.file, .size, .loc) have no effect. Sections with debug
information and BTF are skipped, because rawbpf generates its own BTF. A section with maps is an
error, because only the compiler's BTF describes the maps.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rawbpf.source.data_section import DataSection
from rawbpf.source.directives import Header
from rawbpf.specs.section_names import section_kind

if TYPE_CHECKING:
    from rawbpf.asm.tokens import Line
    from rawbpf.source.arguments import Arguments

__all__ = ["LICENSE", "Sections", "plain_name"]

LICENSE = "license"

_TEXT = ".text"
_DATA = (".rodata", ".data", ".bss")
_DIRECTIVE = re.compile(r"\s*(\.[\w.]+)(?![\w.:])", re.ASCII)
_WITHOUT_EFFECT = re.compile(
    r"\.(file|ident|size|loc|p2align|align|balign|addrsig\w*|cfi_\w+|hidden|protected|local|weak)"
)
_SECTIONS = (".section", _TEXT, *_DATA)


class Sections:
    """The current section of compiled assembly, and what is known about its symbols."""

    def __init__(self) -> None:
        self.code: str | None = None
        """The current section if it contains code."""
        self._skips = False
        self._functions: set[str] = set()
        self._global: set[str] = set()

    def skips(self, line: Line) -> bool:
        """Return whether a line has no effect."""
        found = _DIRECTIVE.match(line.text)
        if found and found[1].startswith(_SECTIONS):
            return False
        if found and _WITHOUT_EFFECT.fullmatch(found[1]):
            return True
        return self._skips

    def globl(self, arguments: Arguments) -> None:
        """Process the arguments of `.globl`."""
        self._global.add(arguments.name("the name of a symbol"))

    def type(self, arguments: Arguments) -> None:
        """Process the arguments of `.type`."""
        name = arguments.name("the name of a symbol")
        arguments.comma()
        arguments.operator("@")
        if arguments.name("@function or @object") == "function":
            self._functions.add(name)

    def text(self, _arguments: Arguments) -> None:
        """Continue with local functions."""
        self.code, self._skips = _TEXT, False

    def data(self) -> None:
        """Continue with data."""
        self.code, self._skips = None, False

    def section(self, arguments: Arguments) -> DataSection | None:
        """Process the arguments of `.section`. Return the section if it contains data."""
        token = arguments.token
        quoted = token.kind == "string"
        name = arguments.text("a section") if quoted else _unquoted(arguments)
        flags = arguments.string("flags").decode() if arguments.comma() else ""
        arguments.skip()
        self.code = name if "x" in flags or name == _TEXT else None
        if name == LICENSE or name.startswith(_DATA):
            self._skips = False
            return DataSection(name)
        if name.endswith("maps"):
            raise arguments.error(
                "maps are described by the compiler's BTF, which is not read",
                "a .map directive, or an object: clang -target bpf -O2 -g -c",
                token,
            )
        self._skips = self.code is None
        if "a" in flags and self._skips:
            raise arguments.error(f"unknown data section {name!r}", ", ".join(_DATA), token)
        return None

    def starts_function(self, name: str) -> bool:
        """Return whether a label in code starts a function."""
        return self.code is not None and name in self._functions | self._global

    def header(self, name: str, line: Line) -> Header | None:
        """Return the program's header for a function, or None for functions to be called."""
        if self.code in (None, _TEXT) or name not in self._global:
            return None
        section = self.code or ""
        kind = section_kind(section)
        if kind is None:
            what = f"section {section!r} of {name!r} does not determine the program type"
            raise line.error(what, 1, 'a section such as "kprobe/do_exit"')
        return Header(name, section, kind.prog_type, kind.attach_type)


def _unquoted(arguments: Arguments) -> str:
    """Read a section name without quotes, such as xdp, kprobe/f or .rodata.str1.1."""
    text = ""
    while arguments.token.kind != "end" and arguments.token.text != ",":
        text += arguments.take().text
    return text


def plain_name(name: str) -> str:
    """Return a compiler's name for a variable without dots, which BTF does not allow in names.

    >>> plain_name(".L.str"), plain_name("count.total"), plain_name("total")
    ('_L_str', 'count_total', 'total')
    """
    return name.replace(".", "_").replace("$", "_")
