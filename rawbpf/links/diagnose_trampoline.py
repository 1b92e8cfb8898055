"""Why a trampoline could not be put at a function, which two errnos do not tell.

    EBUSY     another has hooked the function; or, more often, nobody can: without the five bytes
              that the compiler leaves for ftrace, its first bytes are not those that the kernel
              wanted to replace (functions marked notrace, of the block layer for one)
    ENOTSUPP  524, the kernel's own: the function takes more than a trampoline can hand on. On
              x86 that was six registers up to 6.5 (473e3150e30a lifted it), on arm64 eight

Source: kernel/bpf/trampoline.c register_fentry(), arch/x86/net/bpf_jit_comp.c.
"""

from __future__ import annotations

import errno as errnos
from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP
from rawbpf.kernel.file_systems import available_filter_functions
from rawbpf.uapi.bpf import bpf_attach_type

if TYPE_CHECKING:
    from rawbpf.kernel.files import Root
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["why_no_trampoline"]

_OF_FUNCTIONS = (
    bpf_attach_type.BPF_TRACE_FENTRY,
    bpf_attach_type.BPF_TRACE_FEXIT,
    bpf_attach_type.BPF_MODIFY_RETURN,
)


def why_no_trampoline(spec: ProgramSpec, errno: int, root: Root = "/") -> str:
    """What the errno means for a program at a function; empty if no more can be said.

    >>> from rawbpf.asm.bytecode import Bytecode
    >>> from rawbpf.uapi.bpf import bpf_prog_type
    >>> from rawbpf.specs.program_spec import ProgramSpec
    >>> spec = ProgramSpec("p", bpf_prog_type.BPF_PROG_TYPE_TRACING, Bytecode("p", ()),
    ...     expected_attach_type=bpf_attach_type.BPF_TRACE_FENTRY, attach_to="f")
    >>> why_no_trampoline(spec, 524)
    'f takes more arguments than a trampoline of this kernel hands on (six before 6.6)'
    """
    if spec.expected_attach_type not in _OF_FUNCTIONS:
        return ""
    if errno == ENOTSUPP:
        most = "hands on (six before 6.6)"
        return f"{spec.attach_to} takes more arguments than a trampoline of this kernel {most}"
    if errno == errnos.EBUSY and _is_closed(spec.attach_to, root):
        return f"ftrace cannot hook {spec.attach_to}: it was compiled without room for it (notrace)"
    return ""


def _is_closed(function: str, root: Root) -> bool:
    """Whether ftrace's list is there, and the function is not in it."""
    functions = available_filter_functions(root)
    if functions is None:
        return False
    name = function.rpartition(":")[2].encode()  # MODULE:FUNCTION
    return not any(line.split()[0] == name for line in functions.splitlines() if line)
