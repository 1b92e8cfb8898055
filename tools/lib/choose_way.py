"""Run a rawbpf command on this kernel if tracing works here, or else in a guest; print why."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import NamedTuple, NoReturn

from system_packages import EMULATOR, install

from rawbpf.command_words import own_python

RAWBPF = own_python("rawbpf")
RIGHTS = {"capabilities", "perf", "bpf", "memlock", "symbols", "trial: load", "trial: probe"}
"""Checks of `rawbpf doctor` that may fail without root but succeed as root."""

TRACING = {"kprobe", "list", "run"}
"""Commands that trace a kernel. All other commands can run anywhere."""


class Report(NamedTuple):
    """A summary of `rawbpf doctor`: whether tracing works, and the evidence for failed checks."""

    can_trace: bool
    failed: dict[str, str]


def doctor(prefix: list[str]) -> Report:
    """Run `rawbpf doctor` with a prefix such as ``sudo``, and return its report."""
    done = subprocess.run(
        [*prefix, *RAWBPF, "doctor", "--json"], stdout=subprocess.PIPE, check=False
    )
    if not done.stdout:
        return Report(can_trace=False, failed={"rights": "sudo was refused"})
    report = json.loads(done.stdout)
    failed = {row["name"]: row["evidence"] for row in report["checks"] if row["status"] == "fail"}
    return Report(report["can_trace"], failed)


def choose() -> tuple[list[str] | None, str]:
    """Return the prefix for running a command here, or None if it needs a guest, and the reason."""
    report = doctor([])
    if report.can_trace:
        return [], "this kernel allows tracing"
    hopeless = [why for name, why in report.failed.items() if name not in RIGHTS]
    if hopeless or os.geteuid() == 0:
        return None, (hopeless or list(report.failed.values()))[0]
    if shutil.which("sudo") is None or not _sudo_can_be_asked():
        return None, "tracing this kernel needs root, and sudo is not available"
    report = doctor(["sudo"])
    if report.can_trace:
        return ["sudo"], "root can trace this kernel"
    return None, next(iter(report.failed.values()))


def _sudo_can_be_asked() -> bool:
    quiet = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return quiet.returncode == 0 or sys.stdin.isatty()


def become(words: list[str]) -> NoReturn:
    """Replace this process with the command, which inherits its streams and gets its signals."""
    os.execvp(words[0], words)


def main(words: list[str]) -> NoReturn:
    command = next((word for word in words if not word.startswith("-")), "")
    if command not in TRACING:
        become([*RAWBPF, *words])
    prefix, why = choose()
    if prefix is not None:
        say(f"{why}; tracing it{' with sudo' if prefix else ''}")
        become([*prefix, *RAWBPF, *words])
    say(f"{why}; tracing a guest's kernel instead")
    if install(EMULATOR):
        sys.exit(1)
    become([*RAWBPF, "guest", *words])


def say(message: str) -> None:
    print(f"run: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
