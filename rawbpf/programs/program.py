"""Load programs, and own the descriptors of programs loaded by this process or by others.

- ``load`` requests no log at first, because a *valid* program fails with ENOSPC if the log buffer
  is too small. If the load is rejected, ``rejection.py`` retries with a log buffer.
- Before 5.11, programs count against RLIMIT_MEMLOCK, and loading fails with EPERM once the limit is
  reached.
"""

from __future__ import annotations

from rawbpf.errors import KernelError
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.programs.request import BPF_LOG_STATS, Request
from rawbpf.syscall import bpf
from rawbpf.syscall.fd import Owner
from rawbpf.syscall.gate import buffer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.kernel.pins import Path
    from rawbpf.maps.map import Map
    from rawbpf.programs.info import ProgramInfo
    from rawbpf.programs.request import Gap, Target
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.syscall.bpf import RunResult
    from rawbpf.syscall.fd import Fd

__all__ = [
    "KernelProgram",
    "Program",
    "load",
]


class KernelProgram(Owner):
    """Owns a program's descriptor. Links and pins keep the program loaded after close()."""

    def __init__(self, fd: Fd) -> None:
        self._fd = fd

    def __repr__(self) -> str:
        return f"<KernelProgram {self._fd.label}{', closed' if self._fd.closed else ''}>"

    @staticmethod
    def from_fd(fd: Fd) -> KernelProgram:
        """Return the program that a descriptor refers to, and take ownership of the descriptor."""
        return KernelProgram(fd)

    @staticmethod
    def from_id(number: int) -> KernelProgram:
        """Return the program with the given ID (4.13; CAP_SYS_ADMIN).

        Raises KernelError (ENOENT, EPERM).
        """
        # Loading and attaching do not need this import.
        from rawbpf.kernel.objects import open_id

        return KernelProgram(open_id("prog", number))

    @staticmethod
    def from_pin(path: Path) -> KernelProgram:
        """Return the program pinned at ``path``.

        Raises KernelError with ENOENT or EACCES, or UsageError if the pinned object is not a
        program.
        """
        from rawbpf.kernel.pins import open_pinned

        return KernelProgram(open_pinned(path, "prog"))

    def fileno(self) -> int:
        """Return the descriptor's number; the program still owns the descriptor."""
        return self._fd.fileno()

    def info(self) -> ProgramInfo:
        """Return the program's ID, tag, name, type, maps, sizes, counters and type IDs."""
        # Loading and attaching do not need this import.
        from rawbpf.programs.info import ProgramInfo

        return ProgramInfo.of(self.fileno())

    def xlated(self) -> bytes:
        """Return the program's instructions as translated by the kernel.

        Without the necessary permission, the result is empty.

        ``rawbpf.programs.translated`` decodes them.
        """
        from rawbpf.syscall.bpf import prog_info

        return prog_info(self.fileno(), "xlated")[1]["xlated"]

    def test_run(self, data: bytes = b"", ctx: bytes = b"", repeat: int = 1) -> RunResult:
        """Run the program ``repeat`` times on a packet or a context with BPF_PROG_TEST_RUN (4.12).

        ``data`` is the packet for socket filters, XDP and tc programs, and must be at least 14
        bytes long (an Ethernet header). ``ctx`` is the struct that the program receives as its
        context: one u64 per argument for raw tracepoints (5.10), and any bytes for syscall programs
        (5.14).

        In the result, ``retval`` is r0 after the last run, ``data`` and ``ctx`` are the packet and
        the context after that run, and ``duration`` is the mean duration of all runs in
        nanoseconds. Raises UnsupportedError if the program type cannot be run, or KernelError with
        EINVAL (wrong size of the data or context) or ENOSPC.
        """
        from rawbpf.programs.trial_run import test_run

        return test_run(self.fileno(), data, ctx, repeat)

    def pin(self, path: Path) -> None:
        """Pin the program in the BPF file system, so that it outlives this process."""
        from rawbpf.kernel.pins import pin

        pin(self.fileno(), path, f"program {self.info().name!r}")

    def close(self) -> None:
        """Close the descriptor."""
        self._fd.close()


class Program(KernelProgram):
    """A program that this process loaded, and its spec.

    ``log`` is the verifier's output, or "" if no log was requested.
    """

    def __init__(self, fd: Fd, spec: ProgramSpec, log: str = "") -> None:
        super().__init__(fd)
        self.spec = spec
        self.log = log

    def __repr__(self) -> str:
        section, closed = self.spec.section, ", closed" if self._fd.closed else ""
        return f"<Program {self.spec.name}: {section or 'without a section'}{closed}>"


_ROOM_FOR_STATS = 1 << 16


def load(
    spec: ProgramSpec,
    maps: Mapping[str, Map],
    *,
    btf: KernelBtf | None = None,
    target: Target | None = None,
    modules: Mapping[str, int] = {},
    gaps: tuple[Gap, ...] = (),
    stats: bool = False,
) -> Program:
    """Load a program with BPF_PROG_LOAD on Linux 5.8 or later.

    ``btf`` contains the types of the object to which the program belongs, for function names and
    source lines. ``modules`` maps the names of kernel modules to descriptors of their BTF, for all
    modules that the program refers to (5.11, 5.16). ``gaps`` are features that this kernel lacks,
    each with the instruction that replaces the feature. With ``stats``, the verifier writes its
    statistics to the program's ``log`` (5.2).

    Raises VerifierError, with the log and an explanation, if the verifier rejects the program.
    Raises UnsupportedError if the verifier reaches the instruction of a gap. Raises KernelError if
    the load fails for another reason.
    """
    request = Request(spec, maps, btf, target, modules, gaps)
    log = buffer(_ROOM_FOR_STATS if stats else 1)
    try:
        attr = request.attr(log, BPF_LOG_STATS) if stats else request.attr()
        fd = bpf.prog_load(attr, spec.name)
    except KernelError as error:
        from rawbpf.programs.rejection import load_error  # imported only after a failure

        raise load_error(request, error) from None
    return Program(fd, spec, log.value.decode(errors="backslashreplace"))
