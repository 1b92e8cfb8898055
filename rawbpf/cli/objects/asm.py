"""``rawbpf asm``: assemble text into an ELF object."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from rawbpf.cli.objects.object_file import is_c
from rawbpf.cli.terminal import say, write_bytes
from rawbpf.elf.write import encode_object
from rawbpf.errors import KernelError, UsageError
from rawbpf.input_file import LARGEST_TEXT, read_stdin, read_text, text_of
from rawbpf.source.assembler import assemble

__all__ = ["USAGE", "run"]

USAGE = """Assemble a .bpf.s file into an object that libbpf, bpftool and llvm-objdump understand.

Usage:
  rawbpf asm FILE [-o OUTPUT] [-v]...

Arguments:
  FILE                 An assembly file, or - for stdin; docs/reference/assembly.md describes
                       the syntax.

Options:
  -o, --output OUTPUT  Write the object to this file, or to stdout for -. The default is FILE
                       with the extension .o instead of .s.
  -v, --verbose        Print more detail to stderr.
  -h, --help           Show this help.

  rawbpf asm hello.bpf.s && rawbpf disasm hello.bpf.o
"""

_STDIO = "-"


def run(arguments: dict[str, Any]) -> int:
    """Assemble the file; if there is an error, no output is written."""
    file = arguments["FILE"]
    if is_c(file):
        fix = "compile and load it with `rawbpf load`, or show its contents with `rawbpf inspect`"
        raise UsageError(f"{file} is C source, not assembly", fix=fix)
    output = arguments["--output"] or _default_output(file)
    text = text_of(read_stdin(LARGEST_TEXT), "stdin") if file == _STDIO else read_text(file)
    spec = assemble(text, "<stdin>" if file == _STDIO else file)
    if not spec.programs:
        name = "stdin" if file == _STDIO else file
        raise UsageError(
            f"{name} contains no programs", fix="start a program with .program NAME, SECTION"
        )
    _write(output, encode_object(spec))
    for name, program in spec.programs.items():
        say(f"{name}: {program.code.slots} instructions in section {program.section}", at="debug")
    return 0


def _default_output(file: str) -> str:
    """Return the path of the output file, such as hello.bpf.o for hello.bpf.s.

    The output file never equals the input file.
    """
    return _STDIO if file == _STDIO else file.removesuffix(".s") + ".o"


def _write(output: str, data: bytes) -> None:
    """Write the object. Raises UsageError if the output is a terminal."""
    if output == _STDIO:
        if os.isatty(1):
            raise UsageError(
                "cannot write an object to a terminal", fix="specify an output file: -o FILE"
            )
        write_bytes(data)
        return
    try:
        Path(output).write_bytes(data)
    except OSError as error:
        raise KernelError(f"cannot write {output}", errno=error.errno or 0) from None
