"""What is nice to have: other programs, for other commands."""

from __future__ import annotations

from shutil import which
from typing import TYPE_CHECKING

from rawbpf.doctor.finding import Finding, Status, ok
from rawbpf.kernel.version import architecture

if TYPE_CHECKING:
    from rawbpf.kernel.files import Root

__all__ = ["clang", "qemu"]


def clang(_: Root) -> Finding:
    """The compiler, for programs written in C."""
    return _program("clang", "only to compile BPF programs written in C", "clang")


def qemu(_: Root) -> Finding:
    """The emulator, for `rawbpf guest`."""
    name = f"qemu-system-{architecture()}"
    package = "qemu-system-x86" if architecture() == "x86_64" else "qemu-system-arm"
    return _program(name, "only for `rawbpf guest`", package)


def _program(name: str, purpose: str, package: str) -> Finding:
    path = which(name)
    if path is not None:
        return ok(path)
    fix = f"Debian and Ubuntu: sudo apt install {package}"
    return Finding(Status.MISSING, f"{name} is not installed ({purpose})", fix)
