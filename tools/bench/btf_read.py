#!/usr/bin/env python3
"""Measure how long it takes to read the kernel's BTF, compared with bpftool.

    python tools/bench/btf_read.py [RUNS]

Each round runs all commands once, so that a temporary slowdown of the machine affects all of them.
CPU time shows the cost on an otherwise idle machine. The target is 150 ms and 60 MB for one
function prototype or one struct, and 2 s to decode all types.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time

VMLINUX = "/sys/kernel/btf/vmlinux"
OPEN = f"from rawbpf.btf.btf import Btf; b = Btf(open({VMLINUX!r}, 'rb').read()); "
PROTOTYPE = "print(b[b.find('tcp_v4_connect', 12).type_id])"
STRUCT = "print(b.find('task_struct', 4))"
RAWBPF = [sys.executable, "-m", "rawbpf", "btf"]
BPFTOOL = shutil.which("bpftool") or shutil.which("bpftool", path="/usr/sbin")

CONTESTANTS = {
    "bare python": [sys.executable, "-c", "pass"],
    "one prototype (library)": [sys.executable, "-c", OPEN + PROTOTYPE],
    "one struct (library)": [sys.executable, "-c", OPEN + STRUCT],
    "btf show vfs_read": [*RAWBPF, "show", "vfs_read"],
    "btf show task_struct": [*RAWBPF, "show", "task_struct"],
    "decode all (library)": [sys.executable, "-c", OPEN + "print(len(list(b)))"],
    "btf dump --format raw": [*RAWBPF, "dump", "--format", "raw"],
    "btf dump --format c": [*RAWBPF, "dump", "--format", "c"],
}
if BPFTOOL:
    for form in ("raw", "c"):
        command = [BPFTOOL, "btf", "dump", "file", VMLINUX, "format", form]
        CONTESTANTS[f"bpftool ... format {form}"] = command


def measure(command: list[str]) -> tuple[float, float, int]:
    """Run a command without output, and return (seconds, seconds of CPU, peak kB)."""
    nowhere = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=nowhere)
    _, status, usage = os.wait4(pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    seconds = time.perf_counter() - started
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    seen: dict[str, list[tuple[float, float, int]]] = {name: [] for name in CONTESTANTS}
    for _ in range(runs):
        for name, command in CONTESTANTS.items():
            seen[name].append(measure(command))
    print(f"{'median of ' + str(runs):26} {'ms':>8} {'CPU ms':>8} {'peak MB':>8}")
    for name, results in seen.items():
        times, cpu, peak = zip(*results, strict=True)
        row = 1000 * statistics.median(times), 1000 * statistics.median(cpu), max(peak) / 1024
        print(f"{name:26} {row[0]:8.0f} {row[1]:8.0f} {row[2]:8.1f}")


if __name__ == "__main__":
    main()
