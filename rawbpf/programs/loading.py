"""Load a program: a spec, the maps that it names, and the verifier's approval.

- The first attempt asks for no log: if the log buffer is too small, a *valid* program fails with
  ENOSPC. If the load is rejected, ``rejection.py`` retries with a log buffer
- Before 5.11, programs count against RLIMIT_MEMLOCK, and loading fails with EPERM once the limit is
  reached
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.errors import KernelError
from rawbpf.programs.program import Program
from rawbpf.programs.request import BPF_LOG_STATS, Gap, Request, Target
from rawbpf.syscall import bpf
from rawbpf.syscall.attr import buffer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.maps.map import Map
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["Gap", "Target", "load"]

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

    ``btf`` are the types of the program's object, for the names of functions and the lines of
    source. ``modules`` are descriptors of the BTF of modules that the program refers to (5.11,
    5.16). ``gaps`` are things that this kernel lacks, with an instruction of the program in their
    place. ``stats`` has the verifier write its statistics into the program's ``log`` (5.2).

    VerifierError: the verifier rejected the program; it has the log and an explanation.
    UnsupportedError: the verifier reached a gap. KernelError: the load failed otherwise.
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
