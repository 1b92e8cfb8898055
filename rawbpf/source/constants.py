"""`.equ NAME, NUMBER` and `.include "FILE"`: constants, here or shared between files.

A shared file has nothing but constants, so that including it twice, or in any order, is the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.asm.tokens import tokenize
from rawbpf.errors import UsageError
from rawbpf.input_file import read_text
from rawbpf.source.arguments import Arguments
from rawbpf.source.files import lines_of
from rawbpf.source.kernel_constants import kernel_constants

if TYPE_CHECKING:
    from rawbpf.asm.tokens import Line

__all__ = ["Constants"]


class Constants:
    """All constants that a line may use: the kernel's, and those that were defined above it."""

    def __init__(self) -> None:
        self.values = dict(kernel_constants())
        self._files: set[str] = set()

    def equ(self, arguments: Arguments) -> None:
        """Read what follows `.equ`. A constant may be repeated, but not changed."""
        token = arguments.token
        name = arguments.name("the constant's name")
        arguments.comma()
        value = arguments.number()
        if self.values.setdefault(name, value) != value:
            raise arguments.error(f"{name!r} is {self.values[name]} already", token=token)

    def include(self, arguments: Arguments) -> None:
        """Read what follows `.include`, and the constants of that file, once."""
        token = arguments.token
        path = Path(arguments.line.file).parent / arguments.text("the name of a file")
        if str(path.resolve()) in self._files:
            return
        self._files.add(str(path.resolve()))
        try:
            text = read_text(path)
        except UsageError as error:
            raise arguments.error(str(error), token=token) from None
        for line in lines_of(text, str(path)):
            self._included(line)

    def _included(self, line: Line) -> None:
        tokens = tokenize(line)
        if tokens[0].kind == "end":
            return
        arguments = Arguments(line, tokens[1:], self.values)
        if tokens[0].text == ".equ":
            self.equ(arguments)
        elif tokens[0].text == ".include":
            self.include(arguments)
        else:
            what = "an included file has only constants"
            raise line.error(what, tokens[0].column, ".equ or .include")
        arguments.end()
