"""KVM where it works, emulation where it does not.

That /dev/kvm opens proves little: on a host that is itself a guest, an ordinary kernel may hang in
it for ever or end in "KVM internal error". So the first guest under KVM is one that does nothing,
with a bound, and the answer is kept for as long as kernel, QEMU and processor are the same.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.arch import native
from rawbpf.errors import GuestError, UsageError
from rawbpf.guest import cache, qemu

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["choose", "remembered"]

_KVM = "/dev/kvm"
_WORKS = "works"


def choose(wanted: str, prove: Callable[[], None]) -> str:
    """What to run with: "kvm" or "tcg"; ``wanted`` may leave it open by "auto".

    ``prove`` runs a guest under KVM and raises GuestError when it does not end as it should.
    Raises GuestError when KVM is demanded where it cannot be opened, UsageError for other words.
    """
    if wanted not in ("auto", "kvm", "tcg"):
        raise UsageError(f"--accel is {wanted!r}", fix="give auto, kvm or tcg")
    usable = os.access(_KVM, os.R_OK | os.W_OK)
    if wanted == "kvm" and not usable:
        raise GuestError(f"cannot use KVM: {_KVM} cannot be opened", fix="leave out --accel kvm")
    if wanted != "auto":
        return wanted
    if not usable:
        return "tcg"
    answer = remembered()
    if answer is None:
        answer = _prove(prove)
    return "kvm" if answer == _WORKS else "tcg"


def remembered() -> str | None:
    """What is known of KVM here: "works", or why it does not; None when it was never tried."""
    try:
        key, _, answer = _answer_file().read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return None
    return answer.strip() if key == _circumstances() else None


def _prove(prove: Callable[[], None]) -> str:
    try:
        prove()
        answer = _WORKS
    except GuestError as error:
        answer = error.why or error.what
    cache.write_whole(_answer_file(), [f"{_circumstances()}\n{answer}\n".encode()])
    return answer


def _answer_file() -> Path:
    return cache.folder() / "kvm"


def _circumstances() -> str:
    """A fingerprint of what the answer depends on."""
    kernel = Path("/proc/version").read_text(encoding="utf-8")
    program = Path(qemu.find()).stat()
    wanted = native().cpuinfo_fields
    model = [line for line in _processors() if line.startswith(wanted)][: len(wanted)]
    parts = (kernel, program.st_size, program.st_mtime_ns, *model)
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def _processors() -> list[str]:
    return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
