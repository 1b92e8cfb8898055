"""``rawbpf disasm``: show the bytecode in an object, raw bytes or hex digits as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.objects.listing import coloured, json_lines, listing, plain, style_of
from rawbpf.cli.objects.object_file import read_bytecode
from rawbpf.cli.terminal import say, write_lines
from rawbpf.errors import UsageError
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from rawbpf.elf.code import CodeSection

__all__ = ["USAGE", "run"]

USAGE = """Show bytecode as text.

Usage:
  rawbpf disasm FILE [options] [-v]...

Arguments:
  FILE               An object from clang or `rawbpf asm`, raw bytecode, or bytecode in hex;
                     use - for stdin.

Options:
  --program NAME     Show only this program, function or section.
  --dialect DIALECT  Syntax: c (as in llvm-objdump, bpftool and verifier logs) or mnemonic
                     [default: c].
  --json             Print one JSON object per instruction.
  --no-source        Omit source lines.
  --color WHEN       Use colors: auto, always or never [default: auto].
  -v, --verbose      Print more detail to stderr.
  -h, --help         Show this help.

Invalid instructions are marked, and the exit status is then 1.

  rawbpf disasm prog.bpf.o --program hello
  echo b7 00 00 00 01 00 00 00 95 00 00 00 00 00 00 00 | rawbpf disasm -
"""


def run(arguments: dict[str, Any]) -> int:
    """Print the disassembly."""
    style = style_of(arguments["--dialect"])
    paint = _paint(arguments["--color"])
    sections = _chosen(read_bytecode(arguments["FILE"]), arguments["--program"])
    style = style._replace(helpers=True)
    if arguments["--json"]:
        write_lines(json_lines(sections, style))
    else:
        sources = not arguments["--no-source"]
        lines = listing(sections, style, coloured if paint else plain, sources)
        write_lines(lines, colored=paint)
    faults = [(one.name, fault) for one in sections for fault in one.faults]
    for name, fault in faults:
        where = f"section {printable(name)}: " if name else ""
        say(f"rawbpf: {where}{fault}", at="error")
    return 1 if faults else 0


def _paint(when: str) -> bool:
    if when not in ("auto", "always", "never"):
        raise UsageError(f"--color is {when!r}", fix="use `auto`, `always` or `never`")
    if when != "auto":
        return when == "always"
    import os
    import sys

    return sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _chosen(sections: list[CodeSection], name: str | None) -> list[CodeSection]:
    """Return all code sections, or only the section or function with the given name."""
    if name is None:
        return sections
    found = [one for one in sections if name in (one.name, printable(one.name))]
    found += [one.only(slot) for one in sections for slot, n in one.functions.items() if n == name]
    if not found:
        names = [n for one in sections for n in (one.name, *one.functions.values())]
        raise UsageError(
            f"no program, function or section {name!r}",
            why=(f"the file contains: {', '.join(names)}"),
        )
    return found[:1]
