"""``rawbpf verify``: run the kernel's verifier and show its states line by line.

A Python file runs as if by `python FILE`, except that __name__ is not __main__, so the file must
define its program at import time.
"""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

from rawbpf.asm.bytecode import Bytecode
from rawbpf.cli.arguments import whole_number
from rawbpf.cli.objects.object_file import open_file, skip
from rawbpf.cli.terminal import write_lines
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.input_file import read_text
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.collection.collection import Collection
    from rawbpf.collection.load import Verification
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["USAGE", "run"]

USAGE = """Verify programs and show what the kernel's verifier learned at each instruction.

Usage:
  rawbpf verify FILE [options] [--skip PROGRAM]... [-v]...

Arguments:
  FILE                  A .bpf.s, .bpf.c or .bpf.o file; or a Python file that defines `spec`, a
                        ProgramSpec or an ObjectSpec, or `program`, the result of a Builder
                        (verified as a kprobe program, with the MapSpecs in the list `maps`).

Options:
  --program NAME        Verify only this program.
  --skip PROGRAM        Skip these programs; * matches any characters.
  --state N             Show the state before and after instruction N, for each visit.
  --path                Show each step of the path to the rejected or last instruction.
  --diff KERNELS        Compare two kernels, such as 5.10,7.2, each in a guest; can be combined
                        only with --program and --skip.
  --log                 Print the verifier's log; control characters are escaped.
  --json                Print everything as JSON, one object per program.
  --clang NAME          The clang to use for compiling .bpf.c files.
  -v, --verbose         Print more detail to stderr.
  -h, --help            Show this help.

The programs are not attached and do not stay loaded. Exit status: 1 if a program was rejected.

Register states use short forms: 0..255 is a number in this range, `of 0xf8` shows which bits may be
set, map_value(map=hits,vs=8)+4 is an address, and `r=14` is the number of packet bytes that may be
accessed. Notes in brackets give the number of visits to an instruction, jumps, and pruned paths.

  rawbpf verify bpf_src/count_by_comm.bpf.s
"""


def run(arguments: dict[str, Any]) -> int:
    """Verify the programs and print the results."""
    slot = _slot(arguments["--state"])
    if arguments["--diff"]:
        from rawbpf.cli.verify.diff import compare

        return compare(arguments)
    status = 0
    with collection_of(arguments["FILE"], arguments["--clang"]) as collection:
        skip(collection, arguments["--skip"])
        if arguments["--program"]:
            collection.keep(_chosen(collection.spec.programs, arguments["--program"]))
        if not any(program.autoload for program in collection.spec.programs.values()):
            raise UsageError(f"{arguments['FILE']} contains no program to verify")
        for number, judged in enumerate(collection.verify()):
            if number and not arguments["--json"]:
                write_lines([""])
            write_lines(_lines(judged, arguments, slot))
            status = status or int(not judged.verdict.accepted)
    return status


def _slot(text: str | None) -> int | None:
    if text is None:
        return None
    return whole_number(text, "--state", "specify an instruction number, such as 6")


def _chosen(programs: object, name: str) -> list[str]:
    names = list(programs)  # type: ignore[call-overload]
    if name not in names:
        raise UsageError(f"no program {name!r}", why=f"the file contains {', '.join(names)}")
    return [name]


def _lines(judged: Verification, arguments: dict[str, Any], slot: int | None) -> Iterator[str]:
    """Yield one program's result in the requested format."""
    from rawbpf.cli.verify import show

    if arguments["--json"]:
        from rawbpf.cli.verify.show import json_line

        yield json_line(judged)
    elif arguments["--log"]:
        yield judged.verdict.log.rstrip()
    elif slot is not None:
        yield from show.state(judged, slot)
    elif arguments["--path"]:
        yield from show.path(judged)
    else:
        yield from show.listing(judged)


def collection_of(file: str, clang: str | None) -> Collection:
    """Open the programs in a file without loading them."""
    if not file.endswith(".py"):
        return open_file(file, clang)
    from rawbpf.collection.collection import Collection

    return Collection(_spec(file))


def _spec(file: str) -> ObjectSpec:
    """Return the programs and maps that a Python file defines."""
    names = _run(file)
    found = names.get("spec", names.get("program"))
    if isinstance(found, ObjectSpec):
        return found
    if isinstance(found, Bytecode):
        found = ProgramSpec(found.name, bpf_prog_type.BPF_PROG_TYPE_KPROBE, found)
    if not isinstance(found, ProgramSpec):
        raise UsageError(
            f"{file} contains no program",
            fix="define `spec`, a ProgramSpec or an ObjectSpec, or `program`, a Bytecode",
        )
    maps: dict[str, MapSpec] = {one.name: one for one in names.get("maps", ())}
    return ObjectSpec({found.name: found}, maps)


def _run(file: str) -> dict[str, Any]:
    """Run a Python file and return its global names.

    Raises UsageError if the file raised an exception.
    """
    read_text(file)  # reports unreadable files in the same way as all other commands
    try:
        return runpy.run_path(file)
    except RawbpfError:
        raise
    except OSError as error:
        raise UsageError(f"cannot read {file}", why=error.strerror) from None
    except SystemExit as error:
        why = f"the file exited with status {error.code or 0}"
        raise UsageError(f"cannot run {file}", why=why) from None
    except Exception as error:  # noqa: BLE001 -- the user's program
        why = f"{type(error).__name__}: {error}"
        raise UsageError(f"cannot run {file}", why=why) from None
