"""Loading: a spec, the maps it names, and the verifier's word on it.

The rules, each learnt by somebody the hard way:

- First without a log: with a log buffer that is too small, a *valid* program fails with ENOSPC.
  On refusal once more with one (``refusal.py``)
- Before 5.11 programs count against RLIMIT_MEMLOCK, and say EPERM when it is used up
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError
from rawbpf.programs.program import Program
from rawbpf.programs.request import BPF_LOG_STATS, Request, Target
from rawbpf.syscall import bpf

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rawbpf.kernel.btf_load import KernelBtf
    from rawbpf.maps.map import Map
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["Target", "load"]

_ROOM_FOR_STATS = 1 << 16


def load(
    spec: ProgramSpec,
    maps: Mapping[str, Map],
    *,
    btf: KernelBtf | None = None,
    target: Target | None = None,
    modules: Mapping[str, int] = {},
    stats: bool = False,
) -> Program:
    """BPF_PROG_LOAD. VerifierError carries the log and an explanation; KernelError is the rest.

    ``btf``: the types of the spec's object, for the names of functions and the lines of source.
    ``modules``: descriptors of the types of modules that the program refers to (5.11, 5.16).
    ``stats``: have the verifier say what it took; the text is in the program's ``log`` then (5.2).
    """
    request = Request(spec, maps, btf, target, modules)
    log = ctypes.create_string_buffer(_ROOM_FOR_STATS if stats else 1)
    try:
        attr = request.attr(log, BPF_LOG_STATS) if stats else request.attr()
        fd = bpf.prog_load(attr, spec.name)
    except KernelError as refusal:
        from rawbpf.programs.refusal import explained  # only the unlucky pay for it

        raise explained(request, refusal) from None
    return Program(fd, spec, log.value.decode(errors="backslashreplace"))
