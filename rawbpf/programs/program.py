"""A loaded program: verified, translated, compiled, and waiting to be attached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.syscall import bpf
from rawbpf.syscall.owner import Owner
from rawbpf.uapi.bpf_info import BpfProgInfo

if TYPE_CHECKING:
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["Program"]


class Program(Owner):
    """Owns a program. What it is attached to keeps it alive after close()."""

    def __init__(self, fd: Fd, spec: ProgramSpec, log: str = "") -> None:
        self._fd = fd
        self.spec = spec
        self.log = log

    def fileno(self) -> int:
        """The descriptor's number, still owned by the program."""
        return self._fd.fileno()

    def info(self) -> BpfProgInfo:
        """Struct bpf_prog_info: id, tag, sizes, counters; no arrays."""
        return bpf.obj_get_info(self.fileno(), BpfProgInfo())

    def test_run(self, data: bytes = b"", *, ctx: bytes = b"", repeat: int = 1) -> bpf.RunResult:
        """BPF_PROG_TEST_RUN. ENOTSUPP: programs of this type cannot be run by hand."""
        return bpf.prog_test_run(self.fileno(), data, ctx=ctx, repeat=repeat)

    def close(self) -> None:
        """Give up the descriptor."""
        self._fd.close()
