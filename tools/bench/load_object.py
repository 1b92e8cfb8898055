#!/usr/bin/env python3
"""How long an object takes to be loaded, by rawbpf and by a C program on libbpf, in one guest.

    python tools/bench/load_object.py [KERNEL] [RUNS]

Both are compiled here: ten programs' worth of a tool such as opensnoop, and the loader (libbpf-dev,
linked with libbpf.a). A load begins with the file and ends when the kernel has all programs; each
reads the kernel's types anew. The start of Python and its imports are told apart. The goal is three
times libbpf's time.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).with_suffix("")
BUILT = ROOT / "build" / "bench"
OBJECT, LOADER = BUILT / "tool.bpf.o", BUILT / "libbpf"


def build() -> None:
    from rawbpf.compile.driver import compile_c

    BUILT.mkdir(parents=True, exist_ok=True)
    OBJECT.write_bytes(compile_c(SOURCES / "tool.bpf.c").data)
    libraries = ["-l:libbpf.a", "-lelf", "-lz"]
    source = str(SOURCES / "libbpf.c")
    subprocess.run(["cc", "-O2", source, "-o", str(LOADER), *libraries], check=True)


def in_guest(kernel: str, runs: int) -> None:
    guest = [sys.executable, "-m", "rawbpf", "guest", "--kernel", kernel, "--no-workload"]
    guest += ["--add", str(OBJECT), "--add", str(LOADER)]
    here = ["python", str(Path(__file__).resolve()), "--inside", str(runs)]
    subprocess.run([*guest, "--", *here], check=True)


def libbpf(runs: int) -> list[float]:
    """Milliseconds of each load."""
    words = [str(LOADER), str(OBJECT), str(runs)]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    return [float(line) for line in done.stdout.split()]


def rawbpf(runs: int) -> tuple[float, list[float], list[float]]:
    """Milliseconds of the imports; of each load; of the kernel's verifier in each load."""
    begun = time.perf_counter()
    from rawbpf.collection.collection import Collection
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.collection.open import read_object

    imports = 1000 * (time.perf_counter() - begun)
    loads, verified = [], []
    for _ in range(runs):
        begun = time.perf_counter()
        with Collection(read_object(OBJECT), KernelFacts()) as collection:
            collection.load()
            loads.append(1000 * (time.perf_counter() - begun))
            verified.append(1000 * sum(collection.seconds.values()))
    return imports, loads, verified


def inside(runs: int) -> None:
    imports, ours, verified = rawbpf(runs)
    theirs = libbpf(runs)
    for name, times in (("rawbpf", ours), ("libbpf", theirs), ("programs alone", verified)):
        median = statistics.median(times)
        print(f"{name:15} first {times[0]:7.1f} ms  median {median:7.1f} ms  min {min(times):7.1f}")
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"imports {imports:.1f} ms; rawbpf takes {ratio:.2f} times as long as libbpf")


def main(words: list[str]) -> None:
    if words[:1] == ["--inside"]:
        inside(int(words[1]))
        return
    build()
    in_guest(words[0] if words else "6.1", int(words[1]) if len(words) > 1 else 5)


if __name__ == "__main__":
    main(sys.argv[1:])
