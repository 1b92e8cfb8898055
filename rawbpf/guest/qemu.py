"""QEMU's command line, and its process.

The machine has a processor, memory and two serial lines, nothing else: no disk, no network, no
module to load, so any distribution's kernel will do. Both lines and the initramfs are inherited
file descriptors: no file or socket is left behind, however the guest ends.
"""

from __future__ import annotations

import ctypes
import shutil
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

from rawbpf.errors import GuestError

__all__ = ["Machine", "find", "start"]

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_prctl = ctypes.CDLL(None).prctl

_KERNEL_ARGS = (
    "console=ttyS0",
    "panic=-1",  # reboot at once on a panic, which -no-reboot turns into QEMU's end
    "oops=panic",
    "mitigations=off",
    "random.trust_cpu=on",
)


class Machine(NamedTuple):
    """What to run and on how much of this machine."""

    kernel: Path
    accel: str
    cpus: int = 2
    memory: str = "1G"
    kernel_args: str = ""
    quiet: bool = True


def find() -> str:
    """QEMU's path. Raises GuestError, with what to install, when there is none."""
    found = shutil.which("qemu-system-x86_64")
    if found is None:
        raise GuestError(
            "no qemu-system-x86_64 here",
            fix="install it: apt install qemu-system-x86 (Debian, Ubuntu), "
            "dnf install qemu-system-x86-core (Fedora), pacman -S qemu-system-x86 (Arch)",
        )
    return found


def command_line(machine: Machine, initrd: int, console: int, line: int) -> list[str]:
    """The arguments; the three descriptors are inherited."""
    quiet = ("quiet",) if machine.quiet else ()
    append = " ".join((*_KERNEL_ARGS, *quiet, machine.kernel_args)).strip()
    accel = "tcg,thread=multi" if machine.accel == "tcg" else machine.accel
    return [
        find(), "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
        "-machine", "pc", "-accel", accel, "-cpu", "host" if machine.accel == "kvm" else "max",
        "-smp", str(machine.cpus), "-m", machine.memory,
        "-kernel", str(machine.kernel), "-initrd", f"/dev/fd/{initrd}", "-append", append,
        "-chardev", f"socket,id=console,fd={console}", "-serial", "chardev:console",
        "-chardev", f"socket,id=line,fd={line}", "-serial", "chardev:line",
    ]  # fmt: skip


def start(machine: Machine, initrd: int, console: int, line: int) -> subprocess.Popen[bytes]:
    """Start QEMU. It dies with this thread, however that ends."""
    return subprocess.Popen(
        command_line(machine, initrd, console, line),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(initrd, console, line),
        # The terminal's Ctrl+C is for the guest's command, not for QEMU.
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )


def _die_with_parent() -> None:
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
