"""``rawbpf load``: load an object into the kernel and report on its programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rawbpf.cli.objects.object_file import open_file, set_variables, skip
from rawbpf.cli.terminal import say, write_lines
from rawbpf.errors import FormatError, KernelError, errno_name
from rawbpf.output.explanation import explanation_object
from rawbpf.output.text import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.collection.collection import Collection

__all__ = ["USAGE", "run"]

USAGE = """Load an object, report on each program, and unload it unless it is pinned.

Usage:
  rawbpf load FILE [--set VARIABLE=VALUE]... [--skip PROGRAM]... [options] [-v]...

Arguments:
  FILE                    A .bpf.o, .bpf.c or .bpf.s file, or an executable that contains
                          an object.

Options:
  --set VARIABLE=VALUE    Set a global variable before loading.
  --skip PROGRAM          Do not load these programs; * matches any characters.
  --pin DIR               Pin all programs as DIR/NAME and all maps as DIR/maps/NAME; if an error
                          occurs, pin nothing. DIR must be on a BPF file system, such as
                          /sys/fs/bpf/mine. Pinned objects stay loaded until you remove them
                          with rm -r DIR.
  --clang NAME            The clang to use for compiling .bpf.c files.
  --json                  Print the report as JSON.
  -v, --verbose           Print more detail to stderr.
  -h, --help              Show this help.

VERIFIED is the number of instructions that the verifier processed (Linux 5.16 or newer), and STATES
is the number of states that the verifier kept. XLATED and JITED are the program's sizes in bytes
after the verifier and after the JIT compiler. MS is the loading time in milliseconds.
"""


def run(arguments: dict[str, Any]) -> int:
    """Load the object, print the report, and unload it."""
    with open_file(arguments["FILE"], arguments["--clang"]) as collection:
        set_variables(collection, arguments["--set"])
        skip(collection, arguments["--skip"])
        try:
            collection.load(stats=True)
        except KernelError as error:
            if arguments["--json"]:
                write_lines([_rejection(error)])
            raise
        rows = list(_rows(collection))
        if arguments["--pin"]:
            _pin(collection, arguments["--pin"])
    if arguments["--json"]:
        from json import dumps

        write_lines([dumps({"programs": rows, "skipped": collection.skipped})])
    elif rows or collection.skipped:
        write_lines(_table(rows, collection.skipped))
    if rows or collection.skipped or collection.spec.all_maps():
        return 0
    raise FormatError(
        f"{arguments['FILE']} contains nothing that can be loaded",
        why="the object has no programs, maps or global variables",
    )


def _rejection(error: KernelError) -> str:
    """Return a failed load as JSON. The error line on stderr says the same."""
    from json import dumps

    explanation = error.explanation
    return dumps(
        {
            "error": str(error),
            "errno": errno_name(error.errno or 0),
            "explanation": None if explanation is None else explanation_object(explanation),
            "log": getattr(error, "log", None),
        }
    )


def _pin(collection: Collection, directory: str) -> None:
    collection.pin(directory.rstrip("/"))
    programs, maps = len(collection.programs), len(collection.maps)
    say(f"pinned under {directory}: {_count(programs, 'program')}, {_count(maps, 'map')}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _rows(collection: Collection) -> Iterator[dict[str, Any]]:
    for name, program in collection.programs.items():
        info = program.info()
        yield {
            "name": name,
            "section": program.spec.section,
            "type": program.spec.prog_type.name.removeprefix("BPF_PROG_TYPE_").lower(),
            "id": info.id,
            "insns": program.spec.code.slots,
            "verified_insns": info.verified_insns,
            "xlated_bytes": info.xlated_prog_len,
            "jited_bytes": info.jited_prog_len,
            "load_ms": round(collection.seconds[name] * 1000, 3),
            "states": _states(program.log),
        }


def _states(log: str) -> int | None:
    """Return the number of states from a verifier log's statistics, or None if it is missing."""
    found = re.search(r"total_states (\d+)", log)
    return int(found[1]) if found else None


_COLUMNS = {
    "PROGRAM": "name",
    "SECTION": "section",
    "INSNS": "insns",
    "VERIFIED": "verified_insns",
    "STATES": "states",
    "XLATED": "xlated_bytes",
    "JITED": "jited_bytes",
    "MS": "load_ms",
}


def _table(rows: list[dict[str, Any]], skipped: dict[str, str]) -> Iterator[str]:
    cells = [[row[key] for key in _COLUMNS.values()] for row in rows]
    yield from table(list(_COLUMNS), cells, right=list(_COLUMNS)[2:])
    for name, why in skipped.items():
        yield f"{name}: {why}"
