"""Attach programs that the kernel calls directly: raw tracepoints, trampolines and iterators.

BPF_RAW_TRACEPOINT_OPEN (4.17) attaches a program to a raw tracepoint by name. Programs that were
verified for a specific function or hook (5.5) are attached with the same command but without a
name, because the kernel knows the target since the program was loaded. The command returns a link.
An iterator (5.8) runs when a process reads the iterator's file, which BPF_ITER_CREATE creates.

Two errnos that occur when a trampoline is attached need an explanation:

    EBUSY     another tool has hooked the function. Or, more often, ftrace cannot hook it: the
              function was compiled without the NOPs at its entry (notrace), so its first bytes are
              not those that the kernel expects to replace
    ENOTSUPP  524, an internal error code that leaked into user space: the function takes more
              arguments than a trampoline can pass on. The limit was six registers on x86 before 6.6
              (473e3150e30a) and eight on arm64 before 6.16. On arm64 before 6.4, no trampoline can
              be attached, although programs load (2aa6ac03516d)

Source: kernel/bpf/trampoline.c register_fentry(), arch/x86/net/bpf_jit_comp.c.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.arch import X86_64, native
from rawbpf.errors import ENOTSUPP, KernelError, UsageError
from rawbpf.kernel.version import kernel_version
from rawbpf.links.context_size import explain_size
from rawbpf.links.diagnose import attach_error
from rawbpf.links.link import Link
from rawbpf.specs.program_spec import ProbeKind
from rawbpf.syscall import bpf_link

if TYPE_CHECKING:
    from rawbpf.arch import Architecture
    from rawbpf.kernel.hardware import Root
    from rawbpf.programs.program import Program
    from rawbpf.specs.program_spec import ProbeSpec

__all__ = ["attach_tracing", "why_no_trampoline"]

_CAUSES = {
    errno.ENOENT: "this kernel has no such tracepoint or hook",
    errno.EBUSY: "another program is already attached",
    errno.EINVAL: "this kernel does not support this attachment for this program type",
    errno.EOPNOTSUPP: "this kernel was built without support for this attachment",
    ENOTSUPP: "this kernel does not support this attachment",
}


_HOOKING = (ProbeKind.FENTRY, ProbeKind.FMOD_RET, ProbeKind.LSM)
"""The kinds of probes for which ftrace hooks a function."""


def attach_tracing(program: Program, probe: ProbeSpec) -> Link:
    """Attach a program to a raw tracepoint, a trampoline, an LSM hook or an iterator.

    Raises UsageError if the program was verified for a target other than the probe's.
    """
    if probe.kind is ProbeKind.RAW_TRACEPOINT:
        return _raw_tracepoint(program, probe)
    verified = program.spec.attach_to
    if probe.target != verified:
        what = f"program {program.spec.name!r} cannot be attached to {probe.target!r}"
        raise UsageError(
            what, why=f"the program was verified for {verified!r} and its argument types"
        )
    if probe.kind is ProbeKind.ITER:
        return _iterator(program, probe)
    return _trampoline(program, probe)


def _raw_tracepoint(program: Program, probe: ProbeSpec) -> Link:
    try:
        fd = bpf_link.raw_tracepoint_open(program.fileno(), probe.target)
    except KernelError as error:
        explained = explain_size(program.spec, probe, error.errno or 0)
        if explained is not None:
            raise explained from None
        what = f"cannot attach to raw tracepoint {probe.target!r}"
        raise attach_error(what, error, _CAUSES) from None
    return Link(str(probe), fd)


def _trampoline(program: Program, probe: ProbeSpec) -> Link:
    try:
        fd = bpf_link.raw_tracepoint_open(program.fileno(), None)
    except KernelError as error:
        number = error.errno or 0
        why = why_no_trampoline(probe, number) or _CAUSES.get(number, "")
        raise attach_error(f"cannot attach to {probe}", error, {number: why}) from None
    return Link(str(probe), fd)


def _iterator(program: Program, probe: ProbeSpec) -> Link:
    try:
        fd = bpf_link.link_create(program.fileno(), 0, bpf_link.ITER, str(probe))
    except KernelError as error:
        raise attach_error(f"cannot attach to {probe}", error, _CAUSES) from None
    return Link(str(probe), fd)


def why_no_trampoline(
    probe: ProbeSpec, number: int, root: Root = "/", arch: Architecture | None = None
) -> str:
    """Explain an errno from attaching a trampoline to a function, or return "".

    ``arch`` is the architecture, by default this machine's.

    >>> from rawbpf.specs.program_spec import ProbeSpec
    >>> why_no_trampoline(ProbeSpec(ProbeKind.FENTRY, "f"), 524)  # on x86-64
    'f takes more arguments than a trampoline can pass (6 before 6.6)'
    """
    arch = arch or native(X86_64)
    if probe.kind not in _HOOKING:
        return ""
    if number == ENOTSUPP and kernel_version() < arch.trampolines_since:
        since = ".".join(map(str, arch.trampolines_since))
        return f"on {arch.name}, {probe.kind.value} programs need Linux {since} or newer"
    if probe.kind is ProbeKind.LSM:
        return ""
    if number == ENOTSUPP:
        version = ".".join(map(str, arch.more_trampoline_slots))
        limit = f"{arch.trampoline_slots} before {version}"
        return f"{probe.target} takes more arguments than a trampoline can pass ({limit})"
    if number == errno.EBUSY and _is_notrace(probe.target, root):
        return (
            f"ftrace cannot hook {probe.target}: the function was compiled without NOPs for "
            "ftrace (notrace)"
        )
    return ""


def _is_notrace(function: str, root: Root) -> bool:
    """Return whether ftrace's list is readable and does not contain the function."""
    from rawbpf.kernel.file_systems import available_filter_functions

    functions = available_filter_functions(root)
    if functions is None:
        return False
    name = function.rpartition(":")[2].encode()  # MODULE:FUNCTION
    return not any(line.split()[0] == name for line in functions.splitlines() if line)
