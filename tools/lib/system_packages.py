"""Install programs that the tools and tests need, using Debian packages.

A Debian package is installed only if the program that it provides is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.arch import ARCHITECTURES, X86_64, native

if TYPE_CHECKING:
    from typing import TextIO

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

LOG = Path(__file__).resolve().parents[2] / "build" / "setup.log"
"""The output of apt; tools/lib/setup.sh writes pip's output to the same file."""

_TOOL = os.environ.get("RAWBPF_TOOL", "tools")
_SHOWN = 15
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
    on stderr names the missing programs. apt's output is written to build/setup.log, and its end is
    shown if a program is still missing.
    """
    absent = missing(programs)
    if not absent:
        return []
    if shutil.which("apt-get") is None:
        _note(f"install {' '.join(absent)} (Debian packages: {_packages(programs, absent)})")
        return absent
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("a") as log:
        start = log.tell()
        _progress(f"installing {_packages(programs, absent)}{' with sudo' * _needs_sudo()}")
        try:
            _as_root(log, "apt-get", "-qq", "update")
            # packages are installed one by one, because no release provides all of them
            for name in absent:
                words = ["apt-get", "-qqy", "--no-install-recommends", "install"]
                _as_root(log, *words, *programs[name].split())
        except PermissionError as error:
            _note(str(error))
    rest = missing(programs)
    _progress("")
    if rest:
        _note(f"could not install {_packages(programs, rest)}; the last lines of {LOG}:")
        text = LOG.read_bytes()[start:].decode(errors="replace")
        sys.stderr.writelines(text.splitlines(keepends=True)[-_SHOWN:])
    return rest


def _packages(programs: dict[str, str], names: list[str]) -> str:
    return " ".join(programs[name] for name in names)


def _needs_sudo() -> bool:
    return os.geteuid() != 0


def _as_root(log: TextIO, *words: str) -> None:
    command = ["env", "DEBIAN_FRONTEND=noninteractive", *words]
    if _needs_sudo():
        if shutil.which("sudo") is None:
            raise PermissionError(
                f"installing packages needs root, and sudo is not installed: {' '.join(words)}"
            )
        command.insert(0, "sudo")  # sudo asks for a password on the terminal
    subprocess.run(command, stdout=log, stderr=log, check=False)


def _progress(message: str) -> None:
    """Show a line that the next one replaces; not on a terminal, print it, except an empty one."""
    if sys.stderr.isatty():
        text = f"{_TOOL}: {message} ..." if message else ""
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif message:
        _note(message)


def _note(message: str) -> None:
    print(f"{_TOOL}: {message}", file=sys.stderr)
