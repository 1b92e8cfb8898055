"""``rawbpf guest``: run a command in a disposable QEMU guest."""

from __future__ import annotations

import shlex
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rawbpf.cli.arguments import whole_number
from rawbpf.cli.terminal import level, say, write_lines
from rawbpf.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.arch import Architecture
    from rawbpf.cli.objects.object_file import Target
    from rawbpf.guest.runner import Options

__all__ = ["USAGE", "run"]

USAGE = """Run a rawbpf command, Python, pytest or any program in a temporary QEMU guest.

Usage:
  rawbpf guest [options] [--add=<path>]... [--module=<name>]... [-v]... [--] [<command>...]

A guest does not need root and does not change this machine. COMMAND is a rawbpf command with its
arguments, `python SCRIPT`, `pytest`, or a program. Files and folders named in COMMAND are available
in the guest under the same paths, up to 64 MiB and 10,000 files. C files are compiled on this
machine, and the objects are copied to the guest. Without COMMAND, the guest opens a Python prompt
with rawbpf imported.

Options:
  --kernel=<kernel>    A vmlinuz, a version (6.12) or a Debian suite (sid) [default: newest cached].
  --fetch              Only download the kernels given as COMMAND into the cache, for use without a
                       network: rawbpf guest --fetch 6.1 6.12.
  --arch=<name>        Architecture, x86-64 or arm64; another than this machine's is emulated
                       [default: this machine's].
  --add=<path>         Also copy this file or folder, regardless of its size; may be repeated.
  --module=<name>      Load this kernel module and its dependencies; may be repeated.
  --out=<dir>          Copy the contents of /out in the guest (up to 1 GiB, 100,000 files) to this
                       folder. Links that could lead outside the folder are skipped.
  --workload=<cmd>     Run this workload alongside the command, instead of the default workload.
  --no-workload        Run no workload.
  --timeout=<seconds>  Stop the guest if the command takes longer.
  --cpus=<n>           Number of CPUs [default: 2].
  --memory=<size>      Memory size, such as 512M or 2G [default: 1G].
  --disk=<size>        Add an empty disk, /dev/nvme0n1, that discards writes; needs NVMe support.
  --kernel-args=<s>    Append this text to the kernel command line.
  --accel=<how>        Accelerator: kvm, tcg, or auto for KVM where it works [default: auto].
  -h, --help           Show this help.
  -v, --verbose        Print more detail to stderr; -v -v also shows the kernel's console.
"""


def run(arguments: dict[str, Any]) -> int:
    """Run the command in a guest and return its exit status."""
    from rawbpf.cli.main import COMMANDS
    from rawbpf.cli.system.guest_files import with_gallery, with_objects
    from rawbpf.guest.runner import Options, run

    if arguments["--fetch"]:
        return _fetch(arguments["<command>"], _arch(arguments["--arch"]))
    options = Options(
        arch=_arch(arguments["--arch"]),
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
    target = _target(options)
    with (
        with_gallery(arguments["<command>"], target) as named,
        with_objects(named, COMMANDS, target) as words,
    ):
        return run(words, options, commands=COMMANDS, say=say)


def _target(options: Options) -> Callable[[], Target] | None:
    """Return a function that finds the kernel if the guest has another architecture than the host.

    Otherwise, objects are compiled for this machine's kernel, and CO-RE adapts them to the guest's.
    """
    from rawbpf.arch import native

    arch = options.arch
    if arch is None or arch is native():
        return None

    def find() -> Target:
        from rawbpf.cli.objects.object_file import Target
        from rawbpf.guest.kernels.types import types_in_image
        from rawbpf.guest.runner import kernel_for

        return Target(arch, types_in_image(kernel_for(options, say).vmlinuz))

    return cache(find)


def _arch(name: str) -> Architecture | None:
    from rawbpf.arch import named

    return None if " " in name else named(name)


def _fetch(kernels: list[str], arch: Architecture | None) -> int:
    """Download kernels into the cache, and print where they are."""
    from rawbpf.guest.kernels import choice, debian

    if not kernels:
        raise UsageError("no kernel given", fix="write, for example, rawbpf guest --fetch 6.1 6.12")
    for wanted in kernels:
        debian.fetch(wanted, lambda message: say(f"guest: {message}"), arch)
        kernel = choice.find(wanted, lambda _: None, arch=arch)
        write_lines([f"{kernel.release}  {kernel.vmlinuz.parent}"])
    return 0


def _words(text: str | None) -> list[str]:
    try:
        return shlex.split(text or "")
    except ValueError as error:
        raise UsageError(f"invalid --workload {text!r}", why=str(error)) from None


def _cpus(text: str) -> int:
    return whole_number(text, "--cpus", "specify a number from 1 to 255", lowest=1, highest=255)


def _size(name: str, text: str) -> str:
    if not text[:-1].isdecimal() or text[-1] not in "MG":
        raise UsageError(f"invalid {name} {text!r}", fix="specify a size such as 512M or 2G")
    return text


def _seconds(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"invalid {name} {text!r}", fix="specify a number of seconds, such as 60")
    return seconds
