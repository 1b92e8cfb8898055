"""libbpf as a peer: the code that it would load of an object, for the kernel of a BTF file."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.support.peers import library, peer

SOURCE = Path(__file__).parent / "relocate.c"


class Loaded(NamedTuple):
    """By program the bytes; what libbpf complained of, and whether it gave up over it."""

    code: dict[str, bytes]
    complaint: str
    refused: bool


def compile_loader(folder: Path) -> Path:
    """The small program in relocate.c. What it needs of libelf and zlib comes with libbpf-dev."""
    archive, program = library("libbpf.a"), folder / "relocate"
    words = [peer("gcc"), "-O1", "-Wall", "-Werror", str(SOURCE), archive, "-lelf", "-lz"]
    subprocess.run([*words, "-o", str(program)], check=True, timeout=60)
    return program


def load(program: Path, target: Path, btf: Path) -> Loaded:
    done = subprocess.run([program, target, btf], capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    rows = (line.partition(" ") for line in done.stdout.splitlines())
    code = {name: bytes.fromhex(data) for name, _, data in rows}
    return Loaded(code, done.stderr, done.returncode == 1)
