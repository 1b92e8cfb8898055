"""What is nice to have: other programs, for other commands."""

from __future__ import annotations

from shutil import which
from typing import TYPE_CHECKING

from rawbpf.arch import native
from rawbpf.compile.clang import find_clang
from rawbpf.doctor.finding import Finding, Status, ok
from rawbpf.errors import UnsupportedError

if TYPE_CHECKING:
    from rawbpf.kernel.files import Root

__all__ = ["clang", "qemu"]


def clang(_: Root) -> Finding:
    """The compiler, for programs written in C, by any of its names."""
    try:
        return ok(find_clang())
    except UnsupportedError:
        return _missing("clang", "only to compile BPF programs written in C", "clang")


def qemu(_: Root) -> Finding:
    """The emulator, for `rawbpf guest`."""
    try:
        qemu = native().qemu
    except UnsupportedError as error:
        return Finding(Status.MISSING, f"`rawbpf guest` cannot run here: {error.what}")
    path = which(qemu.program)
    if path:
        return ok(path)
    return _missing(qemu.program, "only for `rawbpf guest`", qemu.packages["apt install"])


def _missing(name: str, purpose: str, package: str) -> Finding:
    fix = f"Debian and Ubuntu: sudo apt install {package}"
    return Finding(Status.MISSING, f"{name} is not installed ({purpose})", fix)
