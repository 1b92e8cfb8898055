"""Load programs, and own descriptors of programs loaded here or by other processes.

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
    """Owns the descriptor of a program. Links and pins keep the program loaded after close()."""

    def __init__(self, fd: Fd) -> None:
        self._fd = fd

    @staticmethod
    def from_fd(fd: Fd) -> KernelProgram:
        """Return the program for a descriptor, and take ownership of the descriptor."""
        return KernelProgram(fd)

    @staticmethod
    def from_id(number: int) -> KernelProgram:
        """Return the program with the given ID (4.13; CAP_SYS_ADMIN). Errors: ENOENT, EPERM."""
        from rawbpf.kernel.objects import open_id  # not needed to load and attach

        return KernelProgram(open_id("prog", number))

    @staticmethod
    def from_pin(path: Path) -> KernelProgram:
        """Return the program pinned at ``path``.

        Errors: ENOENT, EACCES, UsageError (not a program).
        """
        from rawbpf.kernel.pins import open_pinned

        return KernelProgram(open_pinned(path, "prog"))

    def fileno(self) -> int:
        """Return the number of the descriptor, which the program still owns."""
        return self._fd.fileno()

    def info(self) -> ProgramInfo:
        """Return the program's ID, tag, name, type, maps, sizes, counters and type IDs."""
        from rawbpf.programs.info import ProgramInfo  # not needed to load and attach

        return ProgramInfo.of(self.fileno())

    def xlated(self) -> bytes:
        """Return the instructions as the kernel translated them, or no bytes without permission.

        ``rawbpf.programs.translated`` decodes them.
        """
        from rawbpf.syscall.bpf import prog_info

        return prog_info(self.fileno(), "xlated")[1]["xlated"]

    def test_run(self, data: bytes = b"", ctx: bytes = b"", repeat: int = 1) -> RunResult:
        """Run the program ``repeat`` times on a packet or a context with BPF_PROG_TEST_RUN (4.12).

        ``data`` is the packet for socket filters, XDP and tc programs, and is at least 14 bytes
        long (an Ethernet header). ``ctx`` is the struct that the program gets as its context: for
        raw tracepoints (5.10) the arguments, one u64 each; for syscall programs (5.14) any bytes.

        In the result, ``retval`` is r0 after the last run, ``data`` and ``ctx`` are the packet and
        the context after it, and ``duration`` is the mean of all runs in nanoseconds. Errors:
        UnsupportedError (the program type cannot be run), EINVAL (data or context of the wrong
        size), ENOSPC.
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
    """A program that this process loaded, with the spec of the program.

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
    """Load a program with BPF_PROG_LOAD, on Linux 5.8 or later.

    ``btf`` contains the types of the program's object, for function names and source lines.
    ``modules`` maps the names of modules that the program refers to, to descriptors of their BTF
    (5.11, 5.16). ``gaps`` are features that this kernel lacks, each with an instruction in its
    place. If ``stats``, the verifier writes its statistics into the program's ``log`` (5.2).

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
