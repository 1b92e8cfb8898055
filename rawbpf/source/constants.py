"""Constants from `.equ NAME, NUMBER`, from `.include "FILE"`, and from kernel headers.

Included files contain only constants, so the order of includes does not matter, and including a
file twice is allowed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.asm.tokens import Line, tokenize
from rawbpf.errors import UsageError
from rawbpf.input_file import read_text
from rawbpf.light_enum import IntEnum, IntFlag
from rawbpf.source.arguments import Arguments
from rawbpf.uapi import bpf, bpf_insn

if TYPE_CHECKING:
    from collections.abc import Iterator


__all__ = [
    "Constants",
    "kernel_constants",
    "lines_of",
]


class Constants:
    """The constants that a line may use, which include those from earlier lines."""

    def __init__(self) -> None:
        self.values = dict(kernel_constants())
        self._files: set[str] = set()

    def equ(self, arguments: Arguments) -> None:
        """Process the arguments of the directive `.equ`.

        A constant may be defined again, but only with the same value.
        """
        token = arguments.token
        name = arguments.name("the constant's name")
        arguments.comma()
        value = arguments.number()
        if self.values.setdefault(name, value) != value:
            raise arguments.error(
                f"{name!r} is already defined as {self.values[name]}", token=token
            )

    def include(self, arguments: Arguments) -> None:
        """Process the arguments of the directive `.include`.

        The file is read unless its constants are already known.
        """
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
            what = "an included file may contain only constants"
            raise line.error(what, tokens[0].column, ".equ or .include")
        arguments.end()


def lines_of(text: str, file: str) -> Iterator[Line]:
    """Yield the lines with 1-based line numbers. Only a newline ends a line, as in text editors."""
    for number, line in enumerate(text.split("\n"), 1):
        yield Line(file, number, line.rstrip("\r"))


_ACTIONS = {
    **dict(zip(("XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"), range(5),
               strict=True)),
    "TC_ACT_UNSPEC": -1, "TC_ACT_OK": 0, "TC_ACT_SHOT": 2, "TC_ACT_REDIRECT": 7,
}  # fmt: skip
"""Program return values from <linux/bpf.h> and <linux/pkt_cls.h>."""


@cache
def kernel_constants() -> dict[str, int]:
    """Return program return values, and the constants from <linux/bpf.h> that rawbpf knows.

    >>> kernel_constants()["BPF_MAP_TYPE_HASH"], kernel_constants()["XDP_PASS"]
    (1, 2)
    """
    found = dict(_ACTIONS)
    for module in (bpf, bpf_insn):
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, IntEnum | IntFlag):
                found.update({name: int(one) for name, one in value.__members__.items()})
            elif isinstance(value, int) and name.isupper():
                found[name] = value
    return found
