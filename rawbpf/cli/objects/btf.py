"""``rawbpf btf``: show the types of the kernel, a module or a file as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.btf.strings import typed_name
from rawbpf.cli.arguments import whole_number
from rawbpf.cli.objects.btf_source import KERNEL, open_btf
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.uapi.btf import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.btf.btf import Btf

__all__ = ["USAGE", "run"]

USAGE = """Show BTF types from the kernel, a kernel module, or a file.

Usage:
  rawbpf btf dump [--format FORMAT] [--base SOURCE] [-v]... [SOURCE [NAME...]]
  rawbpf btf show [--from SOURCE] [--base SOURCE] [--depth N] [-v]... NAME...

`btf dump` prints all types, or only the types that you name. `btf show` draws a struct with the
offsets and sizes of its members and the holes between them, lists the values of an enum, or shows
the declaration of a function.

Arguments:
  SOURCE           The word 'kernel', the name of a module, a BTF file, an ELF file with a .BTF
                   section, or a C file. The default is 'kernel'.
  NAME             A type, function or variable: task_struct, 'struct file', vfs_read.

Options:
  --format FORMAT  Output format: c for a header such as vmlinux.h (with names, only these types
                   and the types that they need), raw for one line per type as in bpftool, or
                   json [default: c].
  --from SOURCE    Look up the names in this source [default: kernel].
  --base SOURCE    The base of a module's BTF, if the base is not this kernel's BTF.
  --depth N        Expand nested structs down to this level, 1 to 64 [default: 1].
  -v, --verbose    Print more detail to stderr.
  -h, --help       Show this help.

  rawbpf btf dump > vmlinux.h
  rawbpf btf dump prog.bpf.o --format raw
  rawbpf btf show task_struct --depth 2
"""


def run(arguments: dict[str, Any]) -> int:
    """Print diagrams of the types, or dump them."""
    if arguments["show"]:
        fix = "specify a number from 1 to 64"
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
    """Return the IDs of the types with a name; the name may include a kind (``struct file``)."""
    kind, _, rest = name.rpartition(" ")
    if not rest:  # the empty name would match all anonymous types
        raise UsageError(f"invalid name {name!r}", fix="specify a name such as task_struct")
    wanted = [number for number, row in KINDS.items() if row.name.lower() == kind]
    if kind and not wanted:
        raise UsageError(
            f"unknown kind {kind!r}", fix="use a kind such as struct, enum, typedef or func"
        )
    one = wanted[0] if wanted else None
    found = btf.find_ids(rest, one) or btf.find_ids(typed_name(rest), one)
    if not found:
        near = _near(btf, rest)
        raise RawbpfError(
            f"no type, function or variable named {name!r}",
            fix=f"did you mean {' or '.join(near)}?" if near else None,
        )
    return found


def _near(btf: Btf, name: str) -> list[str]:
    """Suggest similar names that start with the same letters.

    Comparing the name with all 80,000 names would take seconds.
    """
    from difflib import get_close_matches

    names = dict.fromkeys(btf.names_beginning_with(name[:3]))
    return get_close_matches(name, names, n=2)


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
    from rawbpf.btf.raw_text import raw

    return (text.removesuffix("\n") for text in raw(btf, ids))


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
