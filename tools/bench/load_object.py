#!/usr/bin/env python3
"""Measure how long rawbpf and a C program with libbpf take to load the same object.

    python tools/bench/load_object.py [--json] [KERNEL|here] [ROUNDS]

The script compiles an object that is as large as ten tools such as opensnoop, and the C loader
(with libbpf-dev, linked with libbpf.a). Both loaders run in a guest, or as root on this kernel.
Each round starts each loader once, so that a temporary slowdown of the machine affects both
loaders. The measured time starts before the file is read and ends when all programs are loaded.
Imports are measured separately. The target is at most three times libbpf's time. Emulated
processors slow an interpreter down far more than C code."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.command_words import own_python

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from measured import show  # noqa: E402 -- after the path is set

if TYPE_CHECKING:
    from collections.abc import Sequence

SOURCES = Path(__file__).with_suffix("")
BUILT = ROOT / "build" / "bench"
OBJECT, LOADER = BUILT / "tool.bpf.o", BUILT / "libbpf"


def build() -> None:
    from rawbpf.source.c.clang import compile_c

    BUILT.mkdir(parents=True, exist_ok=True)
    types = Path("/sys/kernel/btf/vmlinux").read_bytes()
    OBJECT.write_bytes(compile_c(SOURCES / "tool.bpf.c", types=types).data)
    libraries = ["-l:libbpf.a", "-lelf", "-lz"]
    source = str(SOURCES / "libbpf.c")
    subprocess.run(["cc", "-O2", source, "-o", str(LOADER), *libraries], check=True)


def in_guest(kernel: str, rounds: int, *, as_json: bool) -> None:
    guest = own_python("rawbpf", "guest", f"--kernel={kernel}", "--no-workload")
    guest += ["--add", str(OBJECT), "--add", str(LOADER)]
    here = ["python", str(Path(__file__).resolve()), "--rounds", str(rounds)]
    guest += ["--add", str(ROOT / "tools" / "lib" / "measured.py")]
    here += ["--json"] if as_json else []
    subprocess.run([*guest, "--", *here], check=True)


def load() -> None:
    """Load the object with rawbpf, and print the import, load and verifier times in ms."""
    begun = time.perf_counter()
    from rawbpf.collection.collection import Collection
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.collection.object_source import read_object
    from rawbpf.core_relo import relocate  # noqa: F401 -- keep late imports out of the load time
    from rawbpf.elf import decode, object, untrusted  # noqa: A004, F401 -- likewise, and pyelftools

    imported = time.perf_counter()
    with Collection(read_object(OBJECT), KernelFacts()) as collection:
        collection.load()
        loaded = time.perf_counter()
        verified = sum(collection.seconds.values())
    print(*(1000 * seconds for seconds in (imported - begun, loaded - imported, verified)))


def numbers(words: list[str]) -> list[float]:
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def compare(rounds: int, *, as_json: bool) -> None:
    mine = [sys.executable, str(Path(__file__).resolve()), "--load"]
    theirs = [str(LOADER), str(OBJECT), "1"]
    results = [(*numbers(mine), *numbers(theirs)) for _ in range(rounds + 1)][1:]
    names = ("rawbpf: imports", "rawbpf: load", "... of which the verifier", "libbpf: load")
    shown: dict[str, tuple[str, Sequence[float]]] = {
        name: ("ms", times) for name, times in zip(names, zip(*results, strict=True), strict=True)
    }
    shown["rawbpf / libbpf"] = ("times", [result[1] / result[3] for result in results])
    show(shown, as_json=as_json)


def main(words: list[str]) -> None:
    as_json = "--json" in words
    words = [word for word in words if word != "--json"]
    if words[:1] == ["--load"]:
        load()
    elif words[:1] == ["--rounds"]:
        compare(int(words[1]), as_json=as_json)
    else:
        build()
        where, rounds = (*words, "6.1")[0], int((*words[1:], "7")[0])
        if where == "here":
            compare(rounds, as_json=as_json)
        else:
            in_guest(where, rounds, as_json=as_json)


if __name__ == "__main__":
    main(sys.argv[1:])
