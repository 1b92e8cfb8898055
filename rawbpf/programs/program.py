"""Objects that own a loaded program: one that we loaded, or any that the kernel holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.programs.info import ProgramInfo
from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from rawbpf.kernel.pins import Path
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.syscall.bpf import RunResult
    from rawbpf.syscall.fd import Fd

__all__ = ["KernelProgram", "Program"]


class KernelProgram(Owner):
    """Owns a program. What it is attached to, and a pin, keep it alive after close()."""

    def __init__(self, fd: Fd) -> None:
        self._fd = fd

    @staticmethod
    def from_fd(fd: Fd) -> KernelProgram:
        """The program of a descriptor, which is the program's from now on."""
        return KernelProgram(fd)

    @staticmethod
    def from_id(number: int) -> KernelProgram:
        """The program with this id (4.13; CAP_SYS_ADMIN). Errors: ENOENT, EPERM."""
        from rawbpf.kernel.objects import open_id  # whoever only loads and attaches needs none

        return KernelProgram(open_id("prog", number))

    @staticmethod
    def from_pin(path: Path) -> KernelProgram:
        """The program that is pinned there. Errors: ENOENT, EACCES; UsageError: it is none."""
        from rawbpf.kernel.pins import open_pinned

        return KernelProgram(open_pinned(path, "prog"))

    def fileno(self) -> int:
        """The descriptor's number, still owned by the program."""
        return self._fd.fileno()

    def info(self) -> ProgramInfo:
        """Its id, tag, name, type, maps, sizes, counters, and the ids of its types."""
        return ProgramInfo.of(self.fileno())

    def xlated(self) -> bytes:
        """The instructions as the kernel translated them; empty if it does not show them.

        ``rawbpf.programs.translated`` makes them readable.
        """
        from rawbpf.syscall.bpf import prog_info

        return prog_info(self.fileno(), "xlated")[1]["xlated"]

    def test_run(self, data: bytes = b"", ctx: bytes = b"", repeat: int = 1) -> RunResult:
        """BPF_PROG_TEST_RUN (4.12): run it by hand, ``repeat`` times, on a packet or a context.

        ``data``: the packet of a socket filter, of XDP and tc programs: 14 bytes at least, an
        Ethernet header. ``ctx``: the struct that the program gets as its context, of raw
        tracepoints (5.10) the arguments, u64 each, of syscall programs (5.14) anything.

        The result: ``retval`` is r0 of the last run, ``data`` and ``ctx`` are what it left behind,
        ``duration`` is the mean of all runs in nanoseconds. Errors: UnsupportedError (programs of
        this type cannot be run by hand), EINVAL (data or context of the wrong size), ENOSPC.
        """
        from rawbpf.programs.test_run import test_run

        return test_run(self.fileno(), data, ctx, repeat)

    def pin(self, path: Path) -> None:
        """Give it a name in the BPF file system: it stays loaded when this process has gone."""
        from rawbpf.kernel.pins import pin

        pin(self.fileno(), path, f"program {self.info().name!r}")

    def close(self) -> None:
        """Give up the descriptor."""
        self._fd.close()


class Program(KernelProgram):
    """A program that this process loaded, with its blueprint.

    ``log`` is what the verifier wrote, if it was asked for.
    """

    def __init__(self, fd: Fd, spec: ProgramSpec, log: str = "") -> None:
        super().__init__(fd)
        self.spec = spec
        self.log = log

    def __repr__(self) -> str:
        section, closed = self.spec.section, ", closed" if self._fd.closed else ""
        return f"<Program {self.spec.name}: {section or 'without a section'}{closed}>"
