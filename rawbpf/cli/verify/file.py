"""What `rawbpf verify` is given: an object, what becomes one, or Python that builds a program.

A Python file is run, as `python FILE` would run it, but not as __main__: what it builds must be
there when it has been imported.
"""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

from rawbpf.asm.bytecode import Bytecode
from rawbpf.cli.objects.object_file import open_file
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.input_file import read_text
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type

if TYPE_CHECKING:
    from rawbpf.collection.collection import Collection
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["collection_of"]


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
