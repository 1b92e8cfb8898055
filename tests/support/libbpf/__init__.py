"""Get the code that libbpf would load for an object, on a kernel given by its BTF file."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.support.peers import library, peer

SOURCE = Path(__file__).parent / "relocate.c"


class Loaded(NamedTuple):
    """The code of each program, what libbpf printed, and whether it failed."""

    code: dict[str, bytes]
    complaint: str
    refused: bool


def compile_loader(folder: Path) -> Path:
    """Compile relocate.c. libbpf-dev depends on the libelf and zlib that it needs."""
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
