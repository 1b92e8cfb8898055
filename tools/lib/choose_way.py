"""Run a rawbpf command: on this kernel if it can be probed, else in a guest; say which and why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import NamedTuple, NoReturn

from system_packages import EMULATOR, install

RAWBPF = [sys.executable, "-m", "rawbpf"]
RIGHTS = {"capabilities", "perf", "bpf", "memlock", "symbols", "trial: load", "trial: probe"}
"""Checks of `rawbpf doctor` that root may pass where others fail."""

TRACING = {"kprobe", "list", "run"}
"""Commands that need a kernel to probe; the others run anywhere."""


class Report(NamedTuple):
    """What `rawbpf doctor` found: whether probing works, and each failed check's evidence."""

    can_trace: bool
    failed: dict[str, str]


def doctor(prefix: list[str]) -> Report:
    """Ask for a report, as ourselves or through sudo."""
    done = subprocess.run(
        [*prefix, *RAWBPF, "doctor", "--json"], stdout=subprocess.PIPE, check=False
    )
    if not done.stdout:
        return Report(can_trace=False, failed={"rights": "sudo gave no leave"})
    report = json.loads(done.stdout)
    failed = {row["name"]: row["evidence"] for row in report["checks"] if row["status"] == "fail"}
    return Report(report["can_trace"], failed)


def choose() -> tuple[list[str] | None, str]:
    """The words before a command that runs here (None: it cannot), and why."""
    report = doctor([])
    if report.can_trace:
        return [], "this kernel can be probed"
    hopeless = [why for name, why in report.failed.items() if name not in RIGHTS]
    if hopeless or os.geteuid() == 0:
        return None, (hopeless or list(report.failed.values()))[0]
    if shutil.which("sudo") is None or not _sudo_can_be_asked():
        return None, "probing this kernel needs root, and sudo cannot be asked"
    report = doctor(["sudo"])
    if report.can_trace:
        return ["sudo"], "this kernel can be probed by root"
    return None, next(iter(report.failed.values()))


def _sudo_can_be_asked() -> bool:
    quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return quiet.returncode == 0 or sys.stdin.isatty()


def become(words: list[str]) -> NoReturn:
    """Let the command take this process's place: its signals, streams and status are ours."""
    os.execvp(words[0], words)


def main(words: list[str]) -> NoReturn:
    command = next((word for word in words if not word.startswith("-")), "")
    if command not in TRACING:
        become([*RAWBPF, *words])
    prefix, why = choose()
    if prefix is not None:
        say(f"{why}: tracing it{' through sudo' if prefix else ''}")
        become([*prefix, *RAWBPF, *words])
    say(f"{why}: tracing a throwaway guest's kernel instead")
    if install(EMULATOR):
        sys.exit(1)
    become([*RAWBPF, "guest", *words])


def say(message: str) -> None:
    print(f"run: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
