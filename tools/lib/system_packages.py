"""Install programs that the tools and tests need, using Debian packages.

A Debian package is installed only if the program that it provides is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rawbpf.arch import ARCHITECTURES, X86_64, native

__all__ = ["EMULATOR", "EMULATORS", "PEERS", "install", "missing"]

_QEMU = native(X86_64).qemu

EMULATOR = {_QEMU.program: _QEMU.packages["apt install"]}
"""Maps the emulator that runs guests to the Debian package that provides it."""

EMULATORS = {one.qemu.program: one.qemu.packages["apt install"] for one in ARCHITECTURES.values()}
"""Maps the emulators for guests of all architectures to their Debian packages."""

PEERS = {
    "gcc": "gcc libc6-dev linux-libc-dev",
    "clang-19": "clang-19",
    "clang-14": "clang-14",
    "llvm-objdump-19": "llvm-19",
    "bpftool": "bpftool",
    "pahole": "pahole",
    "strace": "strace",
    "/usr/include/bpf/libbpf.h": "libbpf-dev",
    "/usr/aarch64-linux-gnu/include/asm/unistd.h": "linux-libc-dev-arm64-cross",
}
"""Maps programs and library files that tests need to the Debian packages to install."""

_EVERYWHERE = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def missing(programs: dict[str, str]) -> list[str]:
    """Return the programs that are not installed."""
    return [name for name in programs if not _is_here(name)]


def _is_here(name: str) -> bool:
    found = shutil.which(name, path=_EVERYWHERE) is not None
    return found or (name.startswith("/") and Path(name).exists())


def install(programs: dict[str, str]) -> list[str]:
    """Install the packages of missing programs. Return the programs that are still missing.

    On Debian and its derivatives, apt is used, with sudo if necessary. On other systems, a message
    on stderr names the missing programs."""
    absent = missing(programs)
    if not absent:
        return []
    if shutil.which("apt-get") is None:
        _note(f"install {' '.join(absent)} (Debian packages: {_packages(programs, absent)})")
        return absent
    _note(f"installing {_packages(programs, absent)}")
    try:
        _as_root("apt-get", "-qq", "update")
        # packages are installed one by one, because no release provides all of them
        for name in absent:
            _as_root(
                "apt-get", "-qqy", "--no-install-recommends", "install", *programs[name].split()
            )
    except PermissionError as error:
        _note(str(error))
    return missing(programs)


def _packages(programs: dict[str, str], names: list[str]) -> str:
    return " ".join(programs[name] for name in names)


def _as_root(*words: str) -> None:
    command = ["env", "DEBIAN_FRONTEND=noninteractive", *words]
    if os.geteuid() != 0:
        if shutil.which("sudo") is None:
            raise PermissionError(
                f"installing packages needs root, and sudo is not installed: {' '.join(words)}"
            )
        _note(f"running with sudo: {' '.join(words)}")
        command.insert(0, "sudo")
    # apt's output goes to stderr, because stdout is reserved for the command that runs later.
    subprocess.run(command, stdout=sys.stderr, check=False)


def _note(message: str) -> None:
    print(f"{os.environ.get('RAWBPF_TOOL', 'tools')}: {message}", file=sys.stderr)
