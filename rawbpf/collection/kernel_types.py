"""Look up kernel names in the BTF of the kernel image (vmlinux) and of modules.

Like libbpf, this module searches the image first and then the kernel modules in load order, so that
both loaders find the same type if several types share a name. The BTF of kernel modules is read
only if the image does not contain the name.

    nft_do_chain             │ in the image or any module
    nf_tables:nft_do_chain   │ in this module only
    vmlinux:vfs_read         │ in the image only

A program that is attached through BTF specifies its target in its section name. The type ID must be
known when the program is loaded, because it determines the types of the program's arguments:

    fentry/f fexit/f fmod_ret/f   │ FUNC f
    lsm/hook                      │ FUNC bpf_lsm_hook
    iter/task                     │ FUNC bpf_iter_task
    tp_btf/name                   │ TYPEDEF btf_trace_name, a pointer to the tracepoint's prototype

Modules have had BTF since 5.11 (36e68442d1af) if the kernel was built with
CONFIG_DEBUG_INFO_BTF_MODULES. Programs have been able to attach to functions in modules since 5.11
(290248a5b7d8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.kernel.btf import loaded_modules
from rawbpf.specs.section_names import section_kind
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_TYPEDEF

if TYPE_CHECKING:
    from rawbpf.collection.kernel_facts import KernelFacts
    from rawbpf.specs.program_spec import ProgramSpec

__all__ = [
    "KernelType",
    "Missing",
    "attach_target",
    "find_type",
    "split_module",
    "why_missing",
]

IMAGE = "vmlinux"

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


class KernelType(NamedTuple):
    """A type ID, and the module whose BTF contains the type ("" for the kernel image)."""

    type_id: int
    module: str = ""


class Missing(NamedTuple):
    """The reason why a type was not found, and a fix for the problem."""

    why: str
    fix: str | None = None


def split_module(name: str) -> tuple[str, str]:
    """Split MODULE:NAME into its parts; the module is "" if it is not specified.

    >>> split_module("nf_tables:nft_do_chain"), split_module("vfs_read")
    (('nf_tables', 'nft_do_chain'), ('', 'vfs_read'))
    """
    module, _, rest = name.rpartition(":")
    return module.replace("-", "_"), rest


def find_type(kernel: KernelFacts, name: str, kind: int, module: str = "") -> KernelType | None:
    """Return the first type with this name and kind, or None if there is none.

    With ``module``, only that module's BTF is searched.
    """
    if module in ("", IMAGE):
        number = kernel.require_types().find_id(name, kind)
        if number is not None:
            return KernelType(number)
    for owner, types in kernel.modules.items() if module != IMAGE else ():
        if module in ("", owner):
            ids = types.own_ids(name, kind)
            if ids:
                return KernelType(ids[0], owner)
    return None


def why_missing(kernel: KernelFacts, name: str, module: str = "") -> Missing:
    """Explain why ``find_type`` found no type, using kallsyms and the list of modules."""
    if module and module != IMAGE and module not in loaded_modules():
        return Missing(f"module {module} is not loaded", f"load the module: modprobe {module}")
    owners = [module] if module else [one for one in kernel.owners(name) if one]
    untyped = [one for one in owners if one != IMAGE and one not in kernel.modules]
    if untyped:
        return Missing(
            f"module {untyped[0]} has no BTF",
            "use Linux 5.11 or newer with CONFIG_DEBUG_INFO_BTF_MODULES; kprobes do not need BTF",
        )
    if module:
        where = "the kernel image" if module == IMAGE else f"module {module}"
        return Missing(f"the BTF of {where} does not contain {name} (the function may be inlined)")
    return Missing(
        f"kernel BTF does not contain {name} (the function may be inlined, not compiled in, "
        "or part of a module that is not loaded)"
    )


def _example(spec: ProgramSpec) -> str:
    """Return the program's section name with an example of a target."""
    kind = section_kind(spec.section)
    return f"{spec.section.rstrip('/')}/{kind.example if kind else 'FUNCTION'}"


def attach_target(spec: ProgramSpec, kernel: KernelFacts) -> KernelType | None:
    """Return the type that a program attaches to, or None for program types without a target.

    Raises UsageError if the program does not specify a target, and UnsupportedError if the kernel
    lacks the target.
    """
    if spec.prog_type not in _TYPES or spec.expected_attach_type is None:
        return None
    if not spec.attach_to:
        raise UsageError(
            f"program {spec.name!r} has no attach target",
            why=f"section {spec.section!r} does not name a target",
            fix=f'write SEC("{_example(spec)}"), or set attach_to',
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
