"""Objects that own a loaded program: one that we loaded, or any that the kernel holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from rawbpf.kernel.pins import Path
    from rawbpf.programs.info import ProgramInfo
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.syscall.bpf import RunResult
    from rawbpf.syscall.fd import Fd

__all__ = ["KernelProgram", "Program"]


class KernelProgram(Owner):
    """Owns the descriptor of a program. Links and pins keep the program loaded after close()."""

    def __init__(self, fd: Fd) -> None:
        self._fd = fd

    @staticmethod
    def from_fd(fd: Fd) -> KernelProgram:
        """Return the program of a descriptor, and take over the descriptor."""
        return KernelProgram(fd)

    @staticmethod
    def from_id(number: int) -> KernelProgram:
        """Return the program with this ID (4.13; CAP_SYS_ADMIN). Errors: ENOENT, EPERM."""
        from rawbpf.kernel.objects import open_id  # not needed to load and attach

        return KernelProgram(open_id("prog", number))

    @staticmethod
    def from_pin(path: Path) -> KernelProgram:
        """Return the program pinned at ``path``. Errors: ENOENT, EACCES, UsageError (a map)."""
        from rawbpf.kernel.pins import open_pinned

        return KernelProgram(open_pinned(path, "prog"))

    def fileno(self) -> int:
        """Return the number of the descriptor, which the program still owns."""
        return self._fd.fileno()

    def info(self) -> ProgramInfo:
        """Return its ID, tag, name, type, maps, sizes, counters, and the IDs of its types."""
        from rawbpf.programs.info import ProgramInfo  # not needed to load and attach

        return ProgramInfo.of(self.fileno())

    def xlated(self) -> bytes:
        """Return the instructions as the kernel translated them; empty without permission.

        ``rawbpf.programs.translated`` decodes them.
        """
        from rawbpf.syscall.bpf import prog_info

        return prog_info(self.fileno(), "xlated")[1]["xlated"]

    def test_run(self, data: bytes = b"", ctx: bytes = b"", repeat: int = 1) -> RunResult:
        """Run the program ``repeat`` times on a packet or a context: BPF_PROG_TEST_RUN (4.12).

        ``data`` is the packet of socket filters, XDP and tc programs, and has at least 14 bytes, an
        Ethernet header. ``ctx`` is the struct that the program gets as its context: for raw
        tracepoints (5.10) the arguments, one u64 each; for syscall programs (5.14) any bytes.

        In the result, ``retval`` is r0 after the last run, ``data`` and ``ctx`` are the packet and
        the context after it, and ``duration`` is the mean of all runs in nanoseconds. Errors:
        UnsupportedError (not possible for this program type), EINVAL (data or context of the wrong
        size), ENOSPC.
        """
        from rawbpf.programs.trial_run import test_run

        return test_run(self.fileno(), data, ctx, repeat)

    def pin(self, path: Path) -> None:
        """Pin it in the BPF file system, so that it stays loaded after this process has ended."""
        from rawbpf.kernel.pins import pin

        pin(self.fileno(), path, f"program {self.info().name!r}")

    def close(self) -> None:
        """Close the descriptor."""
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
