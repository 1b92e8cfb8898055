"""``rawbpf guest``: any command in a throwaway QEMU guest."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from rawbpf.cli.arguments import whole_number
from rawbpf.cli.terminal import level, say
from rawbpf.errors import UsageError

__all__ = ["USAGE", "run"]

USAGE = """Run a rawbpf command, or python, pytest or any program, in a throwaway QEMU guest.

Usage:
  rawbpf guest [options] [--add=<path>]... [--module=<name>]... [-v]... [--] [<command>...]

No root is needed, and nothing on this machine is touched. COMMAND is a rawbpf command with its
arguments, `python SCRIPT`, `pytest`, or a program; files that it names are there under the same
paths, and C files as objects, compiled here. Without a command: a Python prompt with rawbpf.

Options:
  --kernel=<kernel>    A vmlinuz, a version (6.12) or a Debian suite (sid) [default: newest cached].
  --add=<path>         Have this file or directory in the guest too; can be repeated.
  --module=<name>      Load this module of the kernel, and those that it needs; can be repeated.
  --out=<dir>          Bring back what the guest writes under /out.
  --workload=<cmd>     Run this beside the command, instead of a small load to be seen.
  --no-workload        Run nothing beside the command.
  --timeout=<seconds>  Stop the guest when the command takes longer than this.
  --cpus=<n>           Processors [default: 2].
  --memory=<size>      Memory, such as 512M or 2G [default: 1G].
  --disk=<size>        An empty disk, /dev/nvme0n1, that keeps nothing; needs a kernel with NVMe.
  --kernel-args=<s>    More for the kernel's command line.
  --accel=<how>        auto, kvm or tcg: auto uses KVM where it has proven to work
                       [default: auto].
  -h, --help           Show this.
  -v, --verbose        Say more; twice for the kernel's console.
"""


def run(arguments: dict[str, Any]) -> int:
    """Run the command in a guest; its exit status is ours."""
    from rawbpf.cli.commands import COMMANDS
    from rawbpf.cli.system.guest_gallery import with_gallery
    from rawbpf.cli.system.guest_objects import with_objects
    from rawbpf.guest.runner import Options, run

    options = Options(
        kernel=None if " " in arguments["--kernel"] else arguments["--kernel"],
        add=arguments["--add"],
        modules=arguments["--module"],
        out=Path(arguments["--out"]) if arguments["--out"] else None,
        cpus=_cpus(arguments["--cpus"]),
        memory=_size("--memory", arguments["--memory"]),
        disk=_size("--disk", arguments["--disk"]) if arguments["--disk"] else None,
        kernel_args=arguments["--kernel-args"] or "",
        accel=arguments["--accel"],
        workload=None if arguments["--no-workload"] else _words(arguments["--workload"]),
        timeout=_seconds("--timeout", arguments["--timeout"]),
        talkative=level() == "debug",
    )
    with with_gallery(arguments["<command>"]) as named, with_objects(named, COMMANDS) as words:
        return run(words, options, commands=COMMANDS, say=say)


def _words(text: str | None) -> list[str]:
    try:
        return shlex.split(text or "")
    except ValueError as error:
        raise UsageError(f"--workload is {text!r}", why=str(error)) from None


def _cpus(text: str) -> int:
    return whole_number(text, "--cpus", "give a number from 1 to 255", lowest=1, highest=255)


def _size(name: str, text: str) -> str:
    if not text[:-1].isdecimal() or text[-1] not in "MG":
        raise UsageError(f"{name} is {text!r}", fix="give a size such as 512M or 2G")
    return text


def _seconds(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"{name} is {text!r}", fix="give seconds, such as 60")
    return seconds
