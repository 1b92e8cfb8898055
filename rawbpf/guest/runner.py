"""From a command line to its exit status: choose the parts of a guest, put them together, run."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.guest import qemu, session, terminal
from rawbpf.guest.command import Command, understand
from rawbpf.guest.image.build import base_image, run_image
from rawbpf.guest.inside import workload
from rawbpf.guest.kernels import choice
from rawbpf.guest.session import Events, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["Options", "run"]

_PASSED_ON = ("TERM", "COLORTERM", "TZ", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "CI")
_PASSED_ON_STARTS = ("RAWBPF_", "PYTHON", "PYTEST_", "HYPOTHESIS_")


_CHUNK = 1 << 30


class Options(NamedTuple):
    """What the command line of ``rawbpf guest`` can say; see its help."""

    kernel: str | None = None
    add: Sequence[str] = ()
    out: Path | None = None
    cpus: int = 2
    memory: str = "1G"
    kernel_args: str = ""
    accel: str = "auto"
    workload: Sequence[str] | None = ()
    timeout: float | None = None


def run(
    words: list[str],
    options: Options,
    *,
    commands: Collection[str] = (),
    say: Callable[[str, str], None],
) -> int:
    """Run a command in a guest; its exit status, 128 + n if signal n ended it.

    ``say`` gets progress lines with their level. Raises GuestError and UsageError.
    """
    command = understand(words, commands)
    kernel = choice.find(options.kernel, lambda wanted: _fetch(wanted, say))
    machine = qemu.Machine(kernel.vmlinuz, "tcg", options.cpus, options.memory, options.kernel_args)
    ttys = _terminals()
    job = _job(command, options, ttys)
    memory_file = os.memfd_create("initramfs")
    try:
        _fill(memory_file, command, options, job)
        with terminal.handed_over(0 if ttys[0] else None):
            status = session.run(
                machine,
                memory_file,
                out=options.out,
                limits=Limits(whole=options.timeout),
                events=Events(
                    ready=lambda release: say(_description(release, machine, options), "info"),
                    console=lambda line: say(line, "debug"),
                ),
            )
    finally:
        os.close(memory_file)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _fetch(wanted: str, say: Callable[[str, str], None]) -> None:
    from rawbpf.guest.kernels.debian import fetch

    fetch(wanted, lambda message: say(f"guest: {message}", "info"))


def _description(release: str, machine: qemu.Machine, options: Options) -> str:
    doing = "none" if options.workload is None else " ".join(options.workload)
    return (
        f"guest: Linux {release}, {machine.cpus} CPUs, {machine.accel.upper()}; "
        f"workload: {doing or workload.DESCRIPTION}"
    )


def _terminals() -> tuple[bool, bool, bool]:
    """Which streams the guest's terminal stands for: stdin only together with stdout."""
    out, err = os.isatty(1), os.isatty(2)
    return out and os.isatty(0) and terminal.in_foreground(0), out, err


def _job(command: Command, options: Options, ttys: tuple[bool, bool, bool]) -> dict[str, object]:
    doing: list[str] | None = None
    if options.workload is not None:
        doing = list(options.workload) or [sys.executable, "-m", "rawbpf.guest.inside.workload"]
    return {
        "argv": command.argv,
        "cwd": str(Path.cwd()),
        "env": _environment(),
        "ttys": ttys,
        "size": terminal.window_size(),
        "workload": doing,
        "out": options.out is not None,
    }


def _environment() -> dict[str, str]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_STARTS)
    }
    path = [str(Path(sys.executable).parent), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin"]
    return passed | {
        "PATH": ":".join([*path, "/usr/bin", "/sbin", "/bin"]),
        "HOME": str(Path.home()),
        "LANG": "C.UTF-8",
        "RAWBPF_GUEST": "1",
    }


def _fill(target: int, command: Command, options: Options, job: dict[str, object]) -> None:
    """Write the whole initramfs: the base archive, then this run's."""
    base = base_image(with_tests=command.with_tests)
    with base.open("rb") as file, os.fdopen(os.dup(target), "wb") as whole:
        while os.sendfile(target, file.fileno(), None, _CHUNK):  # the kernel copies
            pass
        whole.writelines(run_image(job, [*command.files, *options.add]))
