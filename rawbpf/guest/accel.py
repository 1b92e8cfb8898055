"""Choose between KVM and emulation (TCG).

/dev/kvm may exist but not work: on a host that is itself a virtual machine, the guest's kernel may
hang or stop with "KVM internal error". The first guest under KVM is therefore a trial that runs no
command and has a time limit. The result is cached until the kernel, QEMU or the processor changes.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.arch import Architecture, native
from rawbpf.errors import GuestError, UsageError
from rawbpf.guest import cache, qemu

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["choose", "remembered"]

_KVM = "/dev/kvm"
_WORKS = "works"


def choose(wanted: str, prove: Callable[[], None], arch: Architecture | None = None) -> str:
    """Return the accelerator to use, "kvm" or "tcg".

    ``wanted`` is "kvm", "tcg" or "auto". ``arch`` is the guest's architecture, by default this
    machine's. Guests of other architectures are always emulated.

    ``prove`` runs a guest under KVM, and raises GuestError if the guest fails. Raises GuestError if
    ``wanted`` is "kvm" and /dev/kvm cannot be opened, UsageError if the value is unknown.
    """
    if wanted not in ("auto", "kvm", "tcg"):
        raise UsageError(f"invalid --accel {wanted!r}", fix="use `auto`, `kvm` or `tcg`")
    if arch not in (None, native()):
        return _emulated(wanted)
    usable = os.access(_KVM, os.R_OK | os.W_OK)
    if wanted == "kvm" and not usable:
        raise GuestError("cannot use KVM", why=f"{_KVM} cannot be opened", fix="omit --accel kvm")
    if wanted != "auto":
        return wanted
    if not usable:
        return "tcg"
    answer = remembered()
    if answer is None:
        answer = _prove(prove)
    return "kvm" if answer == _WORKS else "tcg"


def _emulated(wanted: str) -> str:
    """Return the only accelerator for a guest of another architecture."""
    if wanted == "kvm":
        why = f"KVM on this machine runs only {native().name} guests"
        raise GuestError("cannot use KVM", why=why, fix="omit --accel kvm")
    return "tcg"


def remembered() -> str | None:
    """Return the cached result ("works", or why KVM failed), or None if there is none."""
    try:
        key, _, answer = _answer_file().read_text(encoding="utf-8").partition("\n")
    except (GuestError, OSError):
        return None
    return answer.strip() if key == _circumstances() else None


def _prove(prove: Callable[[], None]) -> str:
    try:
        prove()
        answer = _WORKS
    except GuestError as error:
        answer = error.why or error.what
    with cache.errors_named("cannot write to the cache"):
        cache.folder()
        cache.write_whole(_answer_file(), [f"{_circumstances()}\n{answer}\n".encode()])
    return answer


def _answer_file() -> Path:
    return cache.place("kvm")


def _circumstances() -> str:
    """Return a fingerprint of the kernel, QEMU and the processor."""
    kernel = Path("/proc/version").read_text(encoding="utf-8")
    program = Path(qemu.find()).stat()
    wanted = native().cpuinfo_fields
    model = [line for line in _processors() if line.startswith(wanted)][: len(wanted)]
    parts = (kernel, program.st_size, program.st_mtime_ns, *model)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def _processors() -> list[str]:
    return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
