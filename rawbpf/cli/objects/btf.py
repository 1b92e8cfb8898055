"""``rawbpf btf``: the types of the kernel, of a module or of a file, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.arguments import whole_number
from rawbpf.cli.objects.btf_source import KERNEL, open_btf
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.uapi.btf import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.btf.btf import Btf

__all__ = ["USAGE", "run"]

USAGE = """Show types: those of the kernel, of one of its modules, or of a file.

Usage:
  rawbpf btf dump [--format FORMAT] [--base SOURCE] [-v]... [SOURCE [NAME...]]
  rawbpf btf show [--from SOURCE] [--base SOURCE] [--depth N] [-v]... NAME...

dump writes all types, or those with these names; show draws a struct with the offset and the size
of each member and the holes between them, an enum with its values, a function with its parameters.

Arguments:
  SOURCE           kernel, a module's name, or a file: BTF, an ELF file with a .BTF section, or
                   C, which is compiled. The default is kernel.
  NAME             A type, function or variable: task_struct, 'struct file', vfs_read.

Options:
  --format FORMAT  c: a header for BPF programs, such as vmlinux.h; with names, these types and
                   what they need. raw: one line a type, as bpftool writes it. json. [default: c]
  --from SOURCE    Where to look for the names. [default: kernel]
  --base SOURCE    What a module's types continue, if it is not this kernel's.
  --depth N        How many levels of structs inside structs to open. [default: 1]
  -v, --verbose    Say more on stderr.
  -h, --help       Show this.

  rawbpf btf dump > vmlinux.h
  rawbpf btf dump prog.bpf.o --format raw
  rawbpf btf show task_struct --depth 2
"""


def run(arguments: dict[str, Any]) -> int:
    """Print what was asked for."""
    if arguments["show"]:
        fix = "give a number from 1 to 64"
        depth = whole_number(arguments["--depth"], "--depth", fix, lowest=1, highest=64)
        btf = open_btf(arguments["--from"], arguments["--base"])
        write_lines(_drawings(btf, arguments["NAME"], depth))
        return 0
    form = _FORMATS.get(arguments["--format"])
    if form is None:
        raise UsageError(f"--format is {arguments['--format']!r}", fix=f"use {', '.join(_FORMATS)}")
    btf = open_btf(arguments["SOURCE"] or KERNEL, arguments["--base"])
    names = arguments["NAME"]
    write_lines(form(btf, [i for name in names for i in _find(btf, name)] if names else None))
    return 0


def _find(btf: Btf, name: str) -> list[int]:
    """Ids of a name, which may follow the kind: ``struct file``."""
    kind, _, rest = name.rpartition(" ")
    if not rest:  # all that have no name
        raise UsageError(f"{name!r} is no name", fix="give one, such as task_struct")
    wanted = [number for number, row in KINDS.items() if row.name.lower() == kind]
    if kind and not wanted:
        raise UsageError(f"{kind!r} is no kind of type", fix="such as struct, enum, typedef, func")
    found = btf.find_ids(rest, wanted[0] if wanted else None)
    if not found:
        near = _near(btf, rest)
        raise RawbpfError(
            f"there is no type, function or variable {name!r} here",
            fix=f"did you mean {' or '.join(near)}?" if near else None,
        )
    return found


def _near(btf: Btf, name: str) -> list[str]:
    """Similar names. Comparing with all 80,000 takes seconds, so the beginning must be right."""
    from difflib import get_close_matches

    names = {getattr(record, "name", "") for _, record in btf}
    return get_close_matches(name, [n for n in names if n and n[:3] == name[:3]], n=2)


def _drawings(btf: Btf, names: list[str], depth: int) -> Iterator[str]:
    from rawbpf.btf.draw import draw

    ids = [type_id for name in names for type_id in _find(btf, name)]
    for number, type_id in enumerate(ids):
        if number:
            yield ""
        yield from draw(btf, type_id, depth)


def _c(btf: Btf, ids: list[int] | None) -> Iterator[str]:
    from rawbpf.btf.ctext.header import c_header

    return (piece.removesuffix("\n") for piece in c_header(btf, ids))


def _all(btf: Btf, ids: list[int] | None) -> list[int] | range:
    return range(btf.first_id, len(btf)) if ids is None else ids


def _raw(btf: Btf, ids: list[int] | None) -> Iterator[str]:
    from rawbpf.btf.describe import raw

    return (line for type_id in _all(btf, ids) for line in raw(btf, type_id))


def _json(btf: Btf, ids: list[int] | None) -> Iterator[str]:
    from json import dumps

    from rawbpf.btf.describe import fields

    separator = ""
    yield '{"types": ['
    for type_id in _all(btf, ids):
        yield separator + dumps(fields(type_id, btf[type_id]))
        separator = ","
    yield "]}"


_FORMATS: dict[str, Callable[[Btf, list[int] | None], Iterator[str]]] = {
    "c": _c,
    "raw": _raw,
    "json": _json,
}
