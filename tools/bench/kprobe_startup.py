#!/usr/bin/env python3
"""Compare the attach time and memory use of `kprobe` with those of bare Python.

    rawbpf guest --no-workload -- python tools/bench/kprobe_startup.py [RUNS]

Each round runs all commands once, so that a temporary slowdown of the machine affects all of them.
Under emulation, only the ratios are meaningful. bpftrace is included if it is installed; add it to
a guest with --add /usr/bin/bpftrace.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rawbpf.command_words import own_python

FUNCTION = "do_sys_openat2"
BARE = [sys.executable, "-P", "-c", "pass"]
RAWBPF = own_python("rawbpf", "kprobe", FUNCTION)
BPFTRACE = ["bpftrace", "-e", f'BEGIN {{ printf("Attached\\n"); }} kprobe:{FUNCTION} {{ @ = 1; }}']


def to_the_end(command: list[str]) -> tuple[float, int]:
    """Run a command until it exits, and return (seconds, peak kB)."""
    started = time.perf_counter()
    pid = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, _, usage = os.wait4(pid, 0)
    return time.perf_counter() - started, usage.ru_maxrss


def to_attached(command: list[str]) -> tuple[float, int]:
    """Run a command until it prints that it is attached, and return (seconds, peak kB)."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b"Attached" in line:
                break
        took = time.perf_counter() - started
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.terminate()
    return took, int(status.split("VmHWM:")[1].split()[0])


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    contestants = {"python -c pass": (to_the_end, BARE), "rawbpf kprobe": (to_attached, RAWBPF)}
    if shutil.which(BPFTRACE[0]):
        contestants["bpftrace"] = (to_attached, BPFTRACE)
    results: dict[str, list[tuple[float, int]]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, (measure, command) in contestants.items():
            result = measure(command)
            if number:  # the first round fills the caches
                results[name].append(result)
    bare = statistics.median(took for took, _ in results["python -c pass"])
    print(f"{'':<16} {'median s':>9} {'min s':>9} {'max s':>9} {'x bare':>7} {'peak kB':>8}")
    for name, runs in results.items():
        times = sorted(took for took, _ in runs)
        middle, peak = statistics.median(times), max(kilobytes for _, kilobytes in runs)
        print(
            f"{name:<16} {middle:>9.3f} {times[0]:>9.3f} {times[-1]:>9.3f} "
            f"{middle / bare:>7.2f} {peak:>8}"
        )


if __name__ == "__main__":
    main()
