"""Build the command line of QEMU, and run QEMU.

The virtual machine has CPUs, memory, two serial ports (one for the kernel's console, one for
frames), and memory that it shares with the host. The virtual machine has no network, and has a disk
only on request. Distribution kernels have all required drivers built in. Files and sockets are
passed as inherited descriptors, so no files are left behind, however the guest ends.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.arch import Architecture, native
from rawbpf.errors import GuestError
from rawbpf.guest.wire.window import MEMORY_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Machine", "Running", "command_line", "find", "running"]

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_prctl = ctypes.CDLL(None).prctl

_KERNEL_ARGS = (
    "panic=-1",  # reboot immediately after a panic, which makes QEMU exit because of -no-reboot
    "oops=panic",
    "mitigations=off",
    "init_on_alloc=0",  # Debian's kernels clear each allocated page, which is slow under emulation
    "random.trust_cpu=on",
)

_EMULATED = "tcg,thread=single"
"""Emulate all CPUs in one thread.

With one thread per CPU, a CPU may execute code that another CPU has already replaced, and a kernel
that creates and removes kprobes panics within seconds (QEMU 7.2, Linux 7.2: an int3 that belongs to
no probe). A single thread costs little, since a guest mostly uses one CPU.
"""


class Machine(NamedTuple):
    """The guest to run, and its resources. ``accel`` is "kvm" or "tcg".

    ``arch`` is the guest's architecture, by default this machine's. Only a guest of this machine's
    architecture can use KVM.

    ``disk`` is the size in bytes of a disk that reads as zeros and discards writes (/dev/nvme0n1).
    """

    kernel: Path
    accel: str
    cpus: int = 2
    memory: str = "1G"
    kernel_args: str = ""
    talkative: bool = False
    disk: int = 0
    arch: Architecture | None = None


class _Handed(NamedTuple):
    """The file descriptors that QEMU inherits."""

    initramfs: int
    memory: int
    console: int
    line: int


class Running(NamedTuple):
    """The host's ends of a guest's devices: console, serial port and shared memory."""

    console: socket.socket
    line: socket.socket
    memory: memoryview
    said: Path
    """``errors`` is a file that contains QEMU's own output."""


def find(arch: Architecture | None = None) -> str:
    """Return the path of QEMU for an architecture, by default this machine's.

    Raise GuestError, with the name of the package to install, if QEMU is missing.
    """
    qemu = (arch or native()).qemu
    found = shutil.which(qemu.program)
    if found is None:
        ways = ", ".join(f"{command} {package}" for command, package in qemu.packages.items())
        raise GuestError(f"{qemu.program} is not installed", fix=f"install it: {ways}")
    return found


def command_line(machine: Machine, handed: _Handed) -> list[str]:
    """Return QEMU's arguments."""
    qemu = (machine.arch or native()).qemu
    kernel_args = [f"console={qemu.console}", *_KERNEL_ARGS]
    kernel_args += [] if machine.talkative else ["quiet"]
    kernel_args.append(machine.kernel_args)
    kvm = machine.accel == "kvm"
    shared = f"id=shared,size={MEMORY_SIZE},share=on,mem-path=/dev/fd/{handed.memory}"
    return [
        "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
        "-machine", qemu.machine,
        "-accel", "kvm" if kvm else _EMULATED, "-cpu", "host" if kvm else qemu.tcg_cpu,
        "-smp", str(machine.cpus), "-m", machine.memory, "-kernel", str(machine.kernel),
        "-initrd", f"/dev/fd/{handed.initramfs}", "-append", " ".join(kernel_args).strip(),
        "-object", f"memory-backend-file,{shared}", "-device", "ivshmem-plain,memdev=shared",
        "-chardev", f"socket,id=console,fd={handed.console}", "-serial", "chardev:console",
        "-chardev", f"socket,id=line,fd={handed.line}",
        *(word.format(chardev="line") for word in qemu.second_serial),
        *_disk(machine.disk),
    ]  # fmt: skip


def _disk(size: int) -> list[str]:
    """Return the QEMU options for a disk.

    Debian's cloud kernels have only the NVMe driver built in.
    """
    if not size:
        return []
    return [
        "-blockdev", f"null-co,node-name=disk,size={size},read-zeroes=on",
        "-device", "nvme,drive=disk,serial=rawbpf",
    ]  # fmt: skip


@contextmanager
def running(machine: Machine, initramfs: int) -> Iterator[Running]:
    """Run QEMU for the duration of a ``with`` block."""
    with ExitStack() as stack:
        console, their_console = (stack.enter_context(end) for end in socket.socketpair())
        line, their_line = (stack.enter_context(end) for end in socket.socketpair())
        memory = os.memfd_create("window")
        stack.callback(os.close, memory)
        os.truncate(memory, MEMORY_SIZE)
        # The memory is unmapped when its last view is released. Closing the mapping earlier, such
        # as on Ctrl+C, would raise an error.
        shared = memoryview(mmap.mmap(memory, MEMORY_SIZE))
        said = stack.enter_context(tempfile.TemporaryFile())
        handed = _Handed(initramfs, memory, their_console.fileno(), their_line.fileno())
        process = subprocess.Popen(
            [find(machine.arch), *command_line(machine, handed)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            pass_fds=handed,
            start_new_session=True,  # Ctrl+C is meant for the command, not for QEMU
            preexec_fn=_die_with_parent,  # noqa: PLW1509 -- one call, looked up before the fork
        )
        their_console.close()
        their_line.close()
        try:
            yield Running(console, line, shared, Path(f"/proc/self/fd/{said.fileno()}"))
        finally:
            shared.release()
            process.kill()
            process.wait()


def _die_with_parent() -> None:
    """Make the kernel kill QEMU when the thread that started QEMU ends, even by SIGKILL."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
