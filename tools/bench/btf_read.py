#!/usr/bin/env python3
"""Measure how long it takes to read the kernel's BTF, in comparison with bpftool.

    python tools/bench/btf_read.py [--json] [ROUNDS [KERNEL]]

Without KERNEL, the script measures this kernel; with KERNEL, it measures look-ups in a guest with
that kernel. Each round runs all commands once, so that a temporary slowdown of the machine affects
all of them. CPU time shows the cost on an otherwise idle machine.

*No index* means that the cache of type indexes cannot be written, *first* that it is empty, and
*index* that it contains the index for this kernel. The targets on a quiet machine are 50 ms for a
prototype, 0.5 s to decode all types, and four times bpftool's time for a raw dump; in a guest 50 ms
for a look-up with an index.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from measured import show  # noqa: E402 -- after the path is set

from rawbpf.command_words import own_python  # noqa: E402 -- after the path is set

VMLINUX = "/sys/kernel/btf/vmlinux"
LOOK_UP = """
import time
from rawbpf.btf import types as t
from rawbpf.kernel.type_index import kernel_types
started = time.perf_counter()
types = kernel_types()
assert isinstance(types[types.find("vfs_read", 12).type_id], t.FuncProto)
print(1000 * (time.perf_counter() - started))
"""
DECODE = "from rawbpf.kernel.type_index import kernel_types; print(len(list(kernel_types())))"
RAWBPF = own_python("rawbpf", "btf")
BPFTOOL = shutil.which("bpftool") or shutil.which("bpftool", path="/usr/sbin")

CONTESTANTS = {
    "bare python": [sys.executable, "-P", "-c", "pass"],
    "btf show vfs_read": [*RAWBPF, "show", "vfs_read"],
    "btf show task_struct": [*RAWBPF, "show", "task_struct"],
}
BULK = {
    "decode all (library)": [sys.executable, "-P", "-c", DECODE],
    "btf dump --format raw": [*RAWBPF, "dump", "--format", "raw"],
    "btf dump --format c": [*RAWBPF, "dump", "--format", "c"],
}
if BPFTOOL:
    for form in ("raw", "c"):
        command = [BPFTOOL, "btf", "dump", "file", VMLINUX, "format", form]
        BULK[f"bpftool ... format {form}"] = command


def measure(command: list[str], cache: str) -> tuple[float, float, int]:
    """Run a command, discard its output, and return (ms, ms of CPU, peak kB)."""
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    environment = os.environ | {"RAWBPF_CACHE": cache}
    started = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment, file_actions=nowhere)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    seconds = time.perf_counter() - started
    return 1000 * seconds, 1000 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss


def look_up(cache: str) -> float:
    """Return the time in ms that a new process takes to find a prototype, excluding its imports."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOOK_UP],
        env=os.environ | {"RAWBPF_CACHE": cache},
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(done.stdout)


def compare(rounds: int, *, as_json: bool, bulk: bool) -> None:
    contestants = CONTESTANTS | (BULK if bulk else {})
    results: dict[str, tuple[str, list[float]]] = {}

    def note(name: str, unit: str, value: float) -> None:
        results.setdefault(name, (unit, []))[1].append(value)

    with tempfile.TemporaryDirectory() as folder:
        filled = f"{folder}/filled"
        look_up(filled)
        for number in range(rounds):
            note("look-up, no index", "ms", look_up("/dev/null/none"))
            note("look-up, first", "ms", look_up(f"{folder}/{number}"))
            note("look-up, index", "ms", look_up(filled))
            for name, command in contestants.items():
                elapsed, cpu, peak = measure(command, filled)
                note(name, "ms", elapsed)
                note(f"{name}: CPU", "ms", cpu)
                note(f"{name}: peak", "MB", peak / 1024)
    show(results, as_json=as_json)


def in_guest(kernel: str, words: list[str]) -> None:
    guest = own_python("rawbpf", "guest", f"--kernel={kernel}", "--no-workload")
    guest += ["--add", str(ROOT / "tools" / "lib" / "measured.py")]
    here = ["python", str(Path(__file__).resolve()), "--look-ups", *words]
    subprocess.run([*guest, "--", *here], check=True)


def main(words: list[str]) -> None:
    numbers = [word for word in words if not word.startswith("--")]
    rounds = int((*numbers, "7")[0])
    if len(numbers) > 1:
        in_guest(numbers[1], [word for word in words if word != numbers[1]])
    else:
        compare(rounds, as_json="--json" in words, bulk="--look-ups" not in words)


if __name__ == "__main__":
    main(sys.argv[1:])
