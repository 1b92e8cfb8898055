"""A program that we loaded: verified, translated, compiled, and waiting to be attached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.programs.kernel_program import KernelProgram

if TYPE_CHECKING:
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.syscall.fd import Fd

__all__ = ["Program"]


class Program(KernelProgram):
    """Owns a program and knows its blueprint. ``log``: what the verifier said, if it was asked."""

    def __init__(self, fd: Fd, spec: ProgramSpec, log: str = "") -> None:
        super().__init__(fd)
        self.spec = spec
        self.log = log

    def __repr__(self) -> str:
        section, closed = self.spec.section, ", closed" if self._fd.closed else ""
        return f"<Program {self.spec.name}: {section or 'without a section'}{closed}>"
