"""Run a command in a guest: choose kernel and accelerator, build an initramfs, run QEMU."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.arch import Architecture, native
from rawbpf.command_words import own_python
from rawbpf.errors import GuestError, UsageError
from rawbpf.guest import kept, qemu, session, terminal
from rawbpf.guest.accel import choose as choose_accel
from rawbpf.guest.command import Command, understand
from rawbpf.guest.console import excerpt
from rawbpf.guest.image.build import MODULES, open_images, run_image
from rawbpf.guest.image.interpreter import OWN, Interpreter
from rawbpf.guest.inside import workload
from rawbpf.guest.kernels import choice
from rawbpf.guest.kernels.modules import modules_for
from rawbpf.guest.session import Callbacks, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

__all__ = ["Options", "kernel_for", "python_for", "run"]

_PASSED_ON = ("TERM", "COLORTERM", "TZ", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "CI")
_PASSED_ON_STARTS = ("RAWBPF_", "PYTHON", "PYTEST_", "HYPOTHESIS_")
_PROOF = Limits(boot=8, silence=5, command=5)
_CHUNK = 1 << 30


class Options(NamedTuple):
    """The options of ``rawbpf guest``, as described in its help.

    If ``arch`` is None, the guest has this machine's architecture.
    """

    kernel: str | None = None
    arch: Architecture | None = None
    add: Sequence[str] = ()
    modules: Sequence[str] = ()
    out: Path | None = None
    cpus: int = 2
    memory: str = "1G"
    disk: str | None = None
    kernel_args: str = ""
    accel: str = "auto"
    workload: Sequence[str] | None = ()
    timeout: float | None = None
    talkative: bool = False


def run(
    words: list[str],
    options: Options,
    *,
    commands: Collection[str] = (),
    say: Callable[[str, str], None],
) -> int:
    """Run a command in a guest.

    Returns the command's exit status, or 128 + n if signal n ended the command.

    ``say`` is called with progress messages and their levels. Raises GuestError or UsageError if
    the guest cannot run the command.
    """
    arch = options.arch or native()
    qemu.find(arch)  # if QEMU is missing, report it before anything is downloaded
    python = python_for(arch, lambda message: say(f"guest: {message}", "info"))
    command = understand(words, commands, options.add, python)
    beside = _workload(options, commands, python)
    for line in (*command.omitted, *beside.omitted):
        say(f"guest: {line}", "warning")
    # Raising an error after the command has run would discard the command's output.
    if options.out is not None:
        _make_folder(options.out)
    kernel = kernel_for(options, say)
    machine = qemu.Machine(
        kernel.vmlinuz,
        accel="tcg",
        cpus=options.cpus,
        memory=options.memory,
        kernel_args=options.kernel_args,
        talkative=options.talkative,
        disk=_bytes(options.disk),
        arch=arch,
    )
    accel = choose_accel(options.accel, lambda: _prove_kvm(machine, say), arch)
    machine = machine._replace(accel=accel)
    ttys = _terminals()
    with ExitStack() as stack:
        job = _job(command, beside.argv, options, ttys, python)
        command = command._replace(
            files=[*command.files, *beside.files],
            with_tests=command.with_tests or beside.with_tests,
        )
        learned = bytearray()
        initramfs = stack.enter_context(_initramfs(command, job, options, kernel, python, say))

        def ready(release: str) -> None:
            say(_description(release, machine, options), "info")
            if ttys[0]:
                stack.enter_context(terminal.handed_over(0))

        try:
            status = session.run(
                machine,
                initramfs,
                callbacks=Callbacks(ready, console=lambda line: say(line, "debug")),
                limits=Limits(command=options.timeout),
                out=options.out,
                types=learned.extend,
            )
        except GuestError as error:
            for line in excerpt(error.details):
                say(f"guest: {line}", "warning")
            raise
    if learned:
        kept.store(kernel.vmlinuz, bytes(learned))
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot create folder {folder}", why=error.strerror) from None


def _bytes(size: str | None) -> int:
    """Convert a size such as 64M to bytes."""
    return int(size[:-1]) << {"M": 20, "G": 30}[size[-1]] if size else 0


def _prove_kvm(machine: qemu.Machine, say: Callable[[str, str], None]) -> None:
    """Run a guest under KVM with a time limit and without a command."""
    say(f"guest: trying KVM for the first time (up to {_PROOF.boot:g} s)", "info")
    options = Options(workload=None)
    command = understand(["python", "-c", "pass"], ())
    kernel = choice.Kernel(machine.kernel)
    job = _job(command, [], options, (False,) * 3, OWN)
    with _initramfs(command, job, options, kernel, OWN, say) as initramfs:
        session.run(
            machine._replace(accel="kvm"),
            initramfs,
            callbacks=Callbacks(ready=lambda _: None, console=lambda _: None),
            limits=_PROOF,
            stdin=None,
        )


def kernel_for(options: Options, say: Callable[[str, str], None]) -> choice.Kernel:
    """Return the kernel to boot, downloading it if it is not in the cache."""
    arch = options.arch or native()
    return choice.find(
        options.kernel,
        lambda wanted: _fetch(wanted, say, arch),
        with_modules=bool(options.modules),
        arch=arch,
    )


def python_for(arch: Architecture, say: Callable[[str], None]) -> Interpreter:
    """Return the Python for guests of an architecture, downloading it if necessary.

    ``say`` receives progress messages. Raises GuestError if the Python cannot be downloaded.
    """
    if arch is native():
        return OWN
    from rawbpf.guest.kernels.python import unpacked_python

    return unpacked_python(arch, say)


def _fetch(wanted: str, say: Callable[[str, str], None], arch: Architecture) -> None:
    from rawbpf.guest.kernels.debian import fetch

    fetch(wanted, lambda message: say(f"guest: {message}", "info"), arch)


def _description(release: str, machine: qemu.Machine, options: Options) -> str:
    doing = "none" if options.workload is None else " ".join(options.workload)
    return (
        f"guest: Linux {release}, {machine.cpus} CPUs, {machine.accel.upper()}; "
        f"workload: {doing or workload.DESCRIPTION}"
    )


def _terminals() -> tuple[bool, bool, bool]:
    """Return which streams are terminals; stdin counts only together with stdout."""
    out, err = os.isatty(1), os.isatty(2)
    return out and os.isatty(0) and terminal.in_foreground(0), out, err


def _workload(options: Options, commands: Collection[str], python: Interpreter) -> Command:
    """Return the command that runs beside the user's, with an empty argv for no command.

    Raises UsageError if the program does not exist.
    """
    if options.workload is None:
        return Command([], [], with_tests=False)
    if not options.workload:
        argv = own_python("rawbpf.guest.inside.workload", python=python.executable)
        return Command(argv, [], with_tests=False)
    try:
        return understand(list(options.workload), commands, options.add, python)
    except UsageError as error:
        raise UsageError(
            f"invalid --workload: {error.what}", why=error.why, fix=error.fix
        ) from None


def _job(
    command: Command,
    beside: list[str],
    options: Options,
    ttys: tuple[bool, bool, bool],
    python: Interpreter,
) -> dict[str, object]:
    environment = _environment(python)
    return {
        "argv": command.argv,
        "cwd": str(Path.cwd()),
        "env": environment,
        "ttys": ttys,
        "size": terminal.window_size(),
        "workload": beside,
        "out": options.out is not None,
        "types": kept.folder_in_guest(environment),
    }


def _environment(python: Interpreter) -> dict[str, str]:
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_STARTS)
    }
    path = [str(Path(python.executable).parent), "/usr/local/sbin", "/usr/local/bin", "/usr/sbin"]
    return passed | {
        "PATH": ":".join([*path, "/usr/bin", "/sbin", "/bin"]),
        "HOME": _home(),
        "LANG": "C.UTF-8",
        "RAWBPF_GUEST": "1",
    }


def _home() -> str:
    """Return the home folder, or root's home if neither HOME nor an entry in /etc/passwd exists."""
    home = os.path.expanduser("~")  # noqa: PTH111 -- Path.home() raises without one
    return home if home.startswith("/") else "/root"


@contextmanager
def _initramfs(
    command: Command,
    job: dict[str, object],
    options: Options,
    kernel: choice.Kernel,
    python: Interpreter,
    say: Callable[[str, str], None],
) -> Iterator[int]:
    """Build the initramfs in memory: the cached archives, followed by the archive for this run."""
    modules = {one.name: one.data for one in modules_for(kernel, options.modules)}
    job |= {"modules": [f"{MODULES}/{name}.ko" for name in modules]}
    target = os.memfd_create("initramfs")
    try:
        for image in open_images(with_tests=command.with_tests, python=python):
            with image:
                while os.sendfile(
                    target, image.fileno(), None, _CHUNK
                ):  # copied by the kernel, not by Python
                    pass
        with os.fdopen(os.dup(target), "wb") as whole:
            added = [*command.files, *options.add]
            types = {f"{job['types']}/{n}": d for n, d in kept.known(kernel.vmlinuz).items()}
            objects = {f"{MODULES}/{name}.ko": data for name, data in modules.items()}
            whole.writelines(
                run_image(
                    job,
                    added,
                    kernel.config,
                    objects | types,
                    lambda line: say(line, "warning"),
                )
            )
        yield target
    finally:
        os.close(target)
