"""``rawbpf inspect``: show the contents of an object without loading the object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.objects.object_file import read_objects
from rawbpf.cli.terminal import say, write_lines
from rawbpf.errors import FormatError
from rawbpf.output.text import printable, table
from rawbpf.output.values import plain, value_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.collection.object_source import Embedded
    from rawbpf.elf.inventory import Row
    from rawbpf.errors import RawbpfError

__all__ = ["USAGE", "run"]

USAGE = """Show the contents of an object: programs, maps, globals, externs, relocations, BTF.

Usage:
  rawbpf inspect FILE [options] [-v]...

Arguments:
  FILE           A .bpf.o, .bpf.c or .bpf.s file, or an executable that contains objects, such as
                 a tool built with a libbpf skeleton.

Options:
  --clang NAME   The clang to use for compiling .bpf.c files.
  --json         Print one JSON object per object.
  -v, --verbose  Print more detail to stderr.
  -h, --help     Show this help.

This command does not load anything into the kernel. The KERNEL column shows the first kernel
version that supports the program type. `rawbpf relocate` shows how CO-RE adapts the code to a
kernel, and `rawbpf disasm` shows the code itself. If part of an object is invalid, the command
shows the rest, reports the invalid parts on stderr, and exits with status 1.
"""

_LONGEST_VALUE = 48


def run(arguments: dict[str, Any]) -> int:
    """Print an inventory of each object in the file."""
    rows = [_row(one) for one in read_objects(arguments["FILE"], arguments["--clang"])]
    if arguments["--json"]:
        from json import dumps

        write_lines(dumps(plain(row)) for row in rows)
    else:
        write_lines(_text(rows))
    faults = [fault for row in rows for fault in row["faults"]]
    for fault in faults:
        say(f"rawbpf: {printable(fault)}", at="error")
    if not any(row["programs"] or row["maps"] or row["globals"] or row["faults"] for row in rows):
        raise FormatError(
            f"{arguments['FILE']} contains nothing that can be loaded",
            why="the object has no programs, maps or global variables",
        )
    return 1 if faults else 0


def _row(one: Embedded) -> Row:
    from rawbpf.elf.inventory import inventory
    from rawbpf.elf.object import read_spec
    from rawbpf.elf.read import ObjectFile

    file = ObjectFile(one.data)
    faults: list[RawbpfError] = []
    row = inventory(file, read_spec(file, faults.append))
    return {"at": one.at, "bytes": len(one.data), **row, "faults": [str(one) for one in faults]}


def _text(rows: list[Row]) -> Iterator[str]:
    for number, row in enumerate(rows):
        if number:
            yield ""
        where = f"object {number + 1} of {len(rows)}, at byte {row['at']}: " if row["at"] else ""
        kind = f"licence {row['license']!r}" if row["license"] else "no licence"
        yield f"{where}{row['bytes']} bytes, {len(row['sections'])} sections, {kind}"
        for part in (_programs, _maps, _globals, _externs, _relocations):
            lines = list(part(row))
            if len(lines) > 1:
                yield ""
                yield from lines
        yield ""
        yield _btf(row["btf"])
        yield from map(printable, row["remarks"])


def _programs(row: Row) -> Iterator[str]:
    heads = ["PROGRAM", "SECTION", "TYPE", "ATTACH TYPE", "KERNEL", "SLOTS", "FUNCTIONS", "CO-RE"]
    rows = [
        [
            one["name"],
            ("?" if one["optional"] else "") + one["section"],
            one["type"],
            one["attach_type"],
            one["since"],
            one["slots"],
            len(one["functions"]),
            one["core_relocations"],
        ]
        for one in row["programs"]
    ]
    return table(heads, rows, right={"KERNEL", "SLOTS", "FUNCTIONS", "CO-RE"})


def _maps(row: Row) -> Iterator[str]:
    heads = ["MAP", "TYPE", "KEY", "VALUE", "ENTRIES", "FLAGS", "HOLDS"]
    rows = [
        [
            one["name"],
            one["type"],
            _sized(one, "key"),
            _sized(one, "value"),
            one["max_entries"],
            " ".join([*one["flags"], *(["pinned"] if one["pinned"] else [])]) or None,
            _holds(one),
        ]
        for one in row["maps"]
    ]
    return table(heads, rows, right={"ENTRIES"})


def _sized(one: Row, what: str) -> str | None:
    """Return a type and its size, or None if both are unknown."""
    size, name = one[f"{what}_size"], one[what]
    return f"{name} ({size})" if name else (str(size) if size else None)


def _holds(one: Row) -> str | None:
    """Describe a map's inner maps, and its initial maps or programs."""
    words = [f"{index}: {name}" for index, name in one["initial"].items()]
    if one["inner"]:
        inner = one["inner"]
        words.insert(0, f"{inner['type']} of {_sized(inner, 'value') or '-'}")
    return ", ".join(words) or None


def _globals(row: Row) -> Iterator[str]:
    heads = ["GLOBAL", "SECTION", "OFFSET", "SIZE", "TYPE", "VALUE"]
    rows = [
        [
            *(one[key] for key in ("name", "section", "offset", "size", "type")),
            None if one["value"] is None else _cut(value_text(one["value"])),
        ]
        for one in row["globals"]
    ]
    return table(heads, rows, right={"OFFSET", "SIZE"})


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _externs(row: Row) -> Iterator[str]:
    rows = [
        [one["name"], one["kind"], "weak" if one["weak"] else "", one["type"]]
        for one in row["externs"]
    ]
    return table(["EXTERN", "KIND", "", "TYPE"], rows)


def _relocations(row: Row) -> Iterator[str]:
    """List the relocations of the sections that are loaded."""
    rows = [
        [one["section"], f"{one['offset']:#x}", one["type"], one["symbol"]]
        for one in row["relocations"]
        if one["loaded"]
    ]
    return table(["RELOCATED", "AT", "TYPE", "SYMBOL"], rows, right={"AT"})


def _btf(row: Row | None) -> str:
    if row is None:
        return "no BTF"
    kinds = ", ".join(f"{count} {name.lower()}" for name, count in row["kinds"].items())
    text = f"BTF: {row['types']} types ({kinds})"
    names = {"func_info": "function", "line_info": "line", "core_relos": "CO-RE relocation"}
    records = [
        f"{row[key]} {name}" + "s" * (row[key] != 1) for key, name in names.items() if key in row
    ]
    return f"{text}; for code: {', '.join(records)}" if records else text
