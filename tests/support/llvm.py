"""Compile C with clang and disassemble it with llvm-objdump, to compare with our disassembler."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.peers import peer

SOURCES = sorted((Path(__file__).parent / "clang").glob("*.c"))
CPUS = ("v1", "v2", "v3", "v4")
_LOWEST_CPU = {"atomics_v3": "v3", "signed_division": "v4", "far": "v4"}
"""Files to compile only for some CPU versions; others fail, or give the same code."""

CASES = [
    pytest.param(source, cpu, id=f"{source.stem}-{cpu}")
    for source in SOURCES
    for cpu in CPUS
    if cpu >= _LOWEST_CPU.get(source.stem, "v1")
]


def run(name: str, *words: str) -> str:
    done = subprocess.run([peer(f"{name}-19"), *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def compile_c(source: Path, cpu: str, folder: Path, *options: str) -> Path:
    """Compile a C file to an object, or to assembly with -S."""
    output = folder / f"{source.stem}.{cpu}{'.s' if '-S' in options else '.o'}"
    words = ("-target", "bpfel", f"-mcpu={cpu}", "-O2", *(options or ("-c",)))
    run("clang", *words, str(source), "-o", str(output))
    return output


class Line(NamedTuple):
    """An instruction as llvm-objdump prints it, with the relocation on the next line, if any."""

    section: str
    slot: int
    data: bytes
    text: str
    relocation: str


_SECTION = re.compile(r"Disassembly of section (.*):$")
_INSTRUCTION = re.compile(r"\s+(\d+):\t([0-9a-f ]+?)\s*\t(.*)$")
_RELOCATION = re.compile(r"\t\t[0-9a-f]+:\s+(R_BPF_\S+\s+.*)$")
_CO_RE = re.compile(r"\s+[0-9a-f]{16}:\s+CO-RE <")


def objdump(path: Path, *options: str) -> list[Line]:
    lines: list[Line] = []
    section = ""
    for line in run("llvm-objdump", "-d", "-r", "-z", *options, str(path)).splitlines():
        if found := _SECTION.match(line):
            section = found[1]
        elif found := _INSTRUCTION.match(line):
            data = bytes.fromhex(found[2])
            lines.append(Line(section, int(found[1]), data, " ".join(found[3].split()), ""))
        elif _CO_RE.match(line):
            continue  # the type name of a .BTF.ext relocation
        elif found := _RELOCATION.match(line):
            lines[-1] = lines[-1]._replace(relocation=" ".join(found[1].split()))
        elif line.strip() and "file format" not in line and not re.match(r"[0-9a-f]{16} <", line):
            raise AssertionError(f"unexpected line of llvm-objdump: {line!r}")
    assert lines
    return lines
