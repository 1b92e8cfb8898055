"""``rawbpf verify``: the kernel's verifier at work, line by line."""

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
    from rawbpf.collection.load import Judged
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["USAGE", "run"]

USAGE = """Have the kernel's verifier look at programs, and show what it found out on the way.

Usage:
  rawbpf verify FILE [options] [--skip PROGRAM]... [-v]...

Arguments:
  FILE                  A .bpf.s, .bpf.c or .bpf.o file; or a Python file that has a ProgramSpec or
                        an ObjectSpec by the name of `spec`, or a builder's Program as `program`
                        (verified as a kprobe, with the MapSpecs of the list `maps`).

Options:
  --program NAME        Only this program.
  --skip PROGRAM        Leave it out; * stands for anything.
  --state N             All that was known in front of instruction N and behind it, visit by visit.
  --path                Step by step, the path to the instruction that was refused (or the last).
  --diff KERNELS        Two kernels side by side, such as 5.10,7.2, each in a guest; with --program
                        and --skip, but no other form.
  --log                 The verifier's log as it is.
  --json                Everything as JSON, a line for each program.
  --clang NAME          Which clang compiles a .bpf.c file.
  -v, --verbose         Say more on stderr.
  -h, --help            Show this.

Nothing is attached, and nothing stays loaded. Exit status: 1 if a program was refused.

Values are short: 0..255 is a number of which no more is known, `of 0xf8` which bits it may have;
map_value(map=hits,vs=8)+4 an address, `r=14` how many bytes of a packet are safe. In brackets:
visits to an instruction, where a jump went and how often, returns to it that were pruned.

  rawbpf verify bpf_src/count_by_comm.bpf.s
"""


def run(arguments: dict[str, Any]) -> int:
    """Verify, show, and forget."""
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
            raise UsageError(f"there is no program to verify in {arguments['FILE']}")
        for number, judged in enumerate(collection.verify()):
            if number and not arguments["--json"]:
                write_lines([""])
            write_lines(_lines(judged, arguments, slot))
            status = status or int(not judged.verdict.accepted)
    return status


def _slot(text: str | None) -> int | None:
    if text is None:
        return None
    return whole_number(text, "--state", "give an instruction's number, such as 6")


def _chosen(programs: object, name: str) -> list[str]:
    names = list(programs)  # type: ignore[call-overload]
    if name not in names:
        raise UsageError(f"there is no program {name!r}", why=f"there is {', '.join(names)}")
    return [name]


def _lines(judged: Judged, arguments: dict[str, Any], slot: int | None) -> Iterator[str]:
    """One program, in the form that was asked for."""
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
    """The file's programs, not loaded yet."""
    if not file.endswith(".py"):
        return open_file(file, clang)
    from rawbpf.collection.collection import Collection

    return Collection(_spec(file))


def _spec(file: str) -> ObjectSpec:
    """What a Python file has built."""
    names = _run(file)
    found = names.get("spec", names.get("program"))
    if isinstance(found, ObjectSpec):
        return found
    if isinstance(found, Bytecode):
        found = ProgramSpec(found.name, bpf_prog_type.BPF_PROG_TYPE_KPROBE, found)
    if not isinstance(found, ProgramSpec):
        raise UsageError(
            f"{file} has no program",
            fix="have a ProgramSpec or an ObjectSpec named `spec`, or a Bytecode named `program`",
        )
    maps: dict[str, MapSpec] = {one.name: one for one in names.get("maps", ())}
    return ObjectSpec({found.name: found}, maps)


def _run(file: str) -> dict[str, Any]:
    """The names of a Python file. Whatever it raises is its own fault, and told in one line."""
    read_text(file)  # a name that is none, or no text, is told as for all commands
    try:
        return runpy.run_path(file)
    except RawbpfError:
        raise
    except OSError as error:
        raise UsageError(f"cannot read {file}", why=error.strerror) from None
    except SystemExit as error:
        why = f"it ended with exit status {error.code or 0}"
        raise UsageError(f"{file} could not be run", why=why) from None
    except Exception as error:  # noqa: BLE001 -- it is somebody's program
        why = f"{type(error).__name__}: {error}"
        raise UsageError(f"{file} could not be run", why=why) from None
