"""What a program is verified for: the type of the kernel that its section names.

    fentry/f fexit/f fmod_ret/f    FUNC f
    lsm/hook                       FUNC bpf_lsm_hook
    iter/task                      FUNC bpf_iter_task
    tp_btf/name                    TYPEDEF btf_trace_name, a pointer to the tracepoint's prototype

The id has to be known when the program is loaded, for it decides which types its arguments have.
What belongs to a module is in the module's own BTF, which the kernel is told beside the id (5.11,
290248a5b7d8). It is found there by its name alone, or as ``fentry/module:f``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.collection.kernel_types import find_type, split_module, why_missing
from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_TYPEDEF

if TYPE_CHECKING:
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.collection.kernel_types import KernelType
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = ["attach_target"]

_AT = bpf_attach_type
_PREFIXES = {
    _AT.BPF_TRACE_RAW_TP: "btf_trace_",
    _AT.BPF_TRACE_ITER: "bpf_iter_",
    _AT.BPF_LSM_MAC: "bpf_lsm_",
    _AT.BPF_LSM_CGROUP: "bpf_lsm_",
}
_WORDS = {
    _AT.BPF_TRACE_RAW_TP: "tracepoint",
    _AT.BPF_TRACE_ITER: "iterator over",
    _AT.BPF_LSM_MAC: "LSM hook",
    _AT.BPF_LSM_CGROUP: "LSM hook",
}
_TYPES = (bpf_prog_type.BPF_PROG_TYPE_TRACING, bpf_prog_type.BPF_PROG_TYPE_LSM)


def attach_target(spec: ProgramSpec, kernel: KernelFacts) -> KernelType | None:
    """The type; None for programs of other types. UnsupportedError: this kernel has no such."""
    if spec.prog_type not in _TYPES or spec.expected_attach_type is None:
        return None
    if not spec.attach_to:
        raise UsageError(
            f"program {spec.name!r} does not say where it belongs",
            why=f"its section is {spec.section!r}",
            fix="name a function behind a slash, or give attach_to",
        )
    at = spec.expected_attach_type
    module, rest = split_module(spec.attach_to)
    name = _PREFIXES.get(at, "") + rest
    kind = BTF_KIND_TYPEDEF if at is _AT.BPF_TRACE_RAW_TP else BTF_KIND_FUNC
    found = find_type(kernel, name, kind, module)
    if found is None:
        missing = why_missing(kernel, name, module)
        what = f"{_WORDS.get(at, 'function')} {spec.attach_to!r}"
        raise UnsupportedError(
            f"program {spec.name!r}: this kernel has no {what}", why=missing.why, fix=missing.fix
        )
    return found
