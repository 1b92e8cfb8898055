#!/usr/bin/env python3
"""Compare the attach time and memory use of `kprobe` with those of bare Python.

    python tools/bench/kprobe_startup.py [--json] [ROUNDS [KERNEL]]

Without KERNEL, the script must run as root and measures this kernel; otherwise, it starts a guest
with that kernel. Each round runs all commands once, so that a temporary slowdown of the machine
affects all of them. Under emulation, only the ratios are meaningful. bpftrace is included if it is
in PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rawbpf.command_words import own_python

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "lib"))

from measured import show  # noqa: E402 -- after the path is set

FUNCTION = "do_sys_openat2"
BARE = [sys.executable, "-P", "-c", "pass"]
RAWBPF = own_python("rawbpf", "kprobe", FUNCTION)
PROGRAM = f'BEGIN {{ printf("Attached\\n"); }} kprobe:{FUNCTION} {{ @ = 1; }}'


def to_the_end(command: list[str]) -> tuple[float, float]:
    """Run a command until it exits, and return (milliseconds, peak MB)."""
    started = time.perf_counter()
    pid = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, _, usage = os.wait4(pid, 0)
    return 1000 * (time.perf_counter() - started), usage.ru_maxrss / 1024


def to_attached(command: list[str]) -> tuple[float, float]:
    """Run a command until it prints that it is attached, and return (milliseconds, peak MB)."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b"Attached" in line:
                break
        took = time.perf_counter() - started
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:  # bpftrace misses a signal while it attaches
            print(f"killed: {command[0]} {command[-1]}", file=sys.stderr)
            process.kill()
    return 1000 * took, int(status.split("VmHWM:")[1].split()[0]) / 1024


def compare(rounds: int, bpftrace: str | None, *, as_json: bool) -> None:
    contestants = {"python -c pass": (to_the_end, BARE), "rawbpf kprobe": (to_attached, RAWBPF)}
    if bpftrace:
        contestants["bpftrace"] = (to_attached, [bpftrace, "-e", PROGRAM])
    results: dict[str, tuple[str, list[float]]] = {}
    for number in range(rounds + 1):
        for name, (measure, command) in contestants.items():
            took, peak = measure(command)
            if number:  # the first round fills the caches
                results.setdefault(name, ("ms", []))[1].append(took)
                results.setdefault(f"{name}: peak", ("MB", []))[1].append(peak)
    for name in contestants:
        times = zip(results[name][1], results["rawbpf kprobe"][1], strict=True)
        results[f"rawbpf kprobe / {name}"] = ("times", [ours / theirs for theirs, ours in times])
    del results["rawbpf kprobe / rawbpf kprobe"]
    show(results, as_json=as_json)


def in_guest(kernel: str, words: list[str], bpftrace: str | None) -> None:
    guest = own_python("rawbpf", "guest", f"--kernel={kernel}", "--no-workload")
    guest += ["--add", str(ROOT / "tools" / "lib" / "measured.py")]
    if bpftrace:
        guest += ["--add", bpftrace]
        words = [f"--bpftrace={bpftrace}", *words]
    here = ["python", str(Path(__file__).resolve()), *words]
    subprocess.run([*guest, "--", *here], check=True)


def main(words: list[str]) -> None:
    numbers = [word for word in words if not word.startswith("--")]
    given = [word.partition("=")[2] for word in words if word.startswith("--bpftrace=")]
    bpftrace = (*given, shutil.which("bpftrace"))[0]  # the guest has a different PATH
    if len(numbers) > 1:
        in_guest(numbers[1], [word for word in words if word != numbers[1]], bpftrace)
    else:
        compare(int((*numbers, "7")[0]), bpftrace, as_json="--json" in words)


if __name__ == "__main__":
    main(sys.argv[1:])
