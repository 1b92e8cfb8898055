"""Programs for the machine, from a file: assembly, raw bytes, or bytes in hex."""

from __future__ import annotations

from pathlib import Path

from rawbpf.asm.bytecode import Bytecode, Function
from rawbpf.cli.objects.bytecode import read_bytecode
from rawbpf.errors import UnsupportedError
from rawbpf.source.assembler import assemble_file
from rawbpf.specs.object_spec import ObjectSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type

__all__ = ["read_spec"]

_NAME = "program"


def read_spec(file: str) -> ObjectSpec:
    """What is in a file. Bytes alone are one program of no type."""
    if file.endswith(".s"):
        return assemble_file(Path(file))
    (code, *_) = read_bytecode(file)
    if code.name:
        fix = "take the .bpf.s file that it was made from"
        raise UnsupportedError(f"{file} is an object", why="the machine takes none", fix=fix)
    program = Bytecode(_NAME, tuple(code.instructions), (Function(_NAME, 0),))
    spec = ProgramSpec(_NAME, bpf_prog_type.BPF_PROG_TYPE_UNSPEC, program)
    return ObjectSpec({_NAME: spec})
