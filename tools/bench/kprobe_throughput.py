#!/usr/bin/env python3
"""Measure the CPU time of the tool and of the probed process for each event.

    rawbpf guest --no-workload --add /usr/bin/bpftrace -- python tools/bench/kprobe_throughput.py

A process calls getppid(2) COUNT times. The process runs without a probe, with `rawbpf kprobe` in
text and in JSON format, and with bpftrace (if installed), which prints the same columns. Under
emulation, only the ratios are meaningful. Lost events cost the tool no time."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.command_words import own_python

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 20_000
FUNCTION = "__x64_sys_getppid"
CALLER = f"""
import os, sys, time
sys.stdin.readline()
started = time.perf_counter()
for _ in range({COUNT}):
    os.getppid()
print(time.perf_counter() - started)
"""
PRINT = 'printf("%s info %d %d %d %s kprobe triggered!\\n", strftime("%H:%M:%S.%f", nsecs)'
BPFTRACE = f"kprobe:{FUNCTION} /pid == $1/ {{ {PRINT}, cpu, pid, tid, comm); }}"


def contestants(pid: int) -> dict[str, list[str]]:
    kprobe = own_python("rawbpf", "-v", "kprobe", FUNCTION, f"--pid={pid}")
    found = {"rawbpf kprobe": kprobe, "rawbpf --json": [*kprobe, "--json"]}
    if shutil.which("bpftrace"):
        found["bpftrace printf"] = ["bpftrace", "-e", BPFTRACE, f"{pid}"]
    return found


@contextmanager
def waiting_caller() -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", "-c", CALLER]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        yield process


def calls(process: subprocess.Popen[str]) -> float:
    """Let the process make its calls, and return the number of microseconds per call."""
    out, _ = process.communicate("go\n")
    return float(out) / COUNT * 1e6


def trial(name: str) -> tuple[float, float, int]:
    """Return (µs per call, CPU µs of the tool per displayed event, displayed events)."""
    with waiting_caller() as caller:
        command = contestants(caller.pid)[name]
        pipe, both = subprocess.PIPE, subprocess.STDOUT
        tool = subprocess.Popen(command, stdout=pipe, stderr=both, bufsize=1 << 20)
        assert tool.stdout is not None
        line = tool.stdout.readline()
        while not re.search(rb"attached|Attach", line):
            line = tool.stdout.readline()
        time.sleep(1.5)  # bpftrace prints this line before it attaches the probe
        before = cpu(tool.pid)
        cost = calls(caller)
        time.sleep(0.5)
        tool.send_signal(signal.SIGINT)
        shown = sum(b"triggered" in line for line in tool.stdout)
        _, _, usage = os.wait4(tool.pid, 0)
        tool.returncode = 0
    spent = usage.ru_utime + usage.ru_stime - before
    return cost, spent / max(shown, 1) * 1e6, shown


def cpu(pid: int) -> float:
    """Return the number of seconds of CPU time that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with waiting_caller() as caller:
        bare = calls(caller)
    print(f"{'':<16} {'µs/call':>10} {'x bare':>7} {'tool µs/event':>17}  shown (of {COUNT})")
    print(f"{'unprobed':<16} {bare:>10.2f} {1:>7.2f}")
    for name in contestants(0):
        cost, spent, shown = trial(name)
        print(f"{name:<16} {cost:>10.2f} {cost / bare:>7.2f} {spent:>17.2f}  {shown}")


if __name__ == "__main__":
    main()
