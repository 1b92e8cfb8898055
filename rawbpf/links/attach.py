"""Attaching a program where its section says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.arch import native
from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.kernel.kallsyms import find_symbols
from rawbpf.links.kprobe import open_kprobe
from rawbpf.links.multi import attach_functions, attach_user_functions
from rawbpf.links.network import attach_cgroup, attach_interface
from rawbpf.links.offset import split_offset
from rawbpf.links.perf_events import attach_cpu_clock, attach_tracepoint, attach_uprobe
from rawbpf.links.perf_link import run_on
from rawbpf.links.tracing import attach_iterator, attach_raw_tracepoint, attach_trampoline
from rawbpf.specs.section_names import read_section
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from rawbpf.links.link import Link
    from rawbpf.programs.program import Program

__all__ = ["attach"]


def attach(program: Program, where: str = "") -> Link:
    """Attach a program by its section's name. ``where`` is used instead of what the section says.

    XDP and tc programs want an interface as ``where``, those of cgroups a path: their sections do
    not say. UsageError: it is not said. AttachError: the kernel refuses.
    """
    spec = program.spec
    name = read_section(spec.section)
    prefix = name.kind.prefix if name.kind else ""
    where = where or spec.attach_to
    attacher = _ATTACHERS.get(prefix.removesuffix(".s"))
    if attacher is not None:
        if not where and prefix.partition("/")[0] not in _NEEDS_NOTHING:
            raise _unsaid(program, name.kind.follows if name.kind else "")
        return attacher(program, where)
    if spec.prog_type in _CGROUPS or prefix.startswith("cgroup"):
        return _cgroup(program, where)
    if spec.prog_type is bpf_prog_type.BPF_PROG_TYPE_XDP:
        return _interface(program, where, bpf_attach_type.BPF_XDP)
    if spec.prog_type is bpf_prog_type.BPF_PROG_TYPE_SCHED_CLS:
        kind = spec.expected_attach_type or bpf_attach_type.BPF_TCX_INGRESS
        return _interface(program, where, kind)
    raise UnsupportedError(
        f"program {spec.name!r} is not attached by its section",
        why=f"section {spec.section!r} does not say where",
        fix="run it by hand (test_run), or attach it by the functions of rawbpf.links",
    )


def _unsaid(program: Program, follows: str) -> UsageError:
    section = program.spec.section
    return UsageError(
        f"section {section!r} of program {program.spec.name!r} does not say where to attach",
        fix=f'write SEC("{section}/{follows}"), or give it to attach()',
    )


def _kprobe(program: Program, where: str) -> Link:
    function, offset = split_offset(where)
    return run_on(program, f"kprobe {where}", open_kprobe(function, offset=offset))


def _kretprobe(program: Program, where: str) -> Link:
    return run_on(program, f"kretprobe {where}", open_kprobe(where, retprobe=True))


def _ksyscall(program: Program, where: str) -> Link:
    return _kprobe(program, _syscall_function(where))


def _kretsyscall(program: Program, where: str) -> Link:
    return _kretprobe(program, _syscall_function(where))


def _syscall_function(name: str) -> str:
    """The kernel's function for a system call: with wrappers (4.17) its name has a prefix."""
    wrapped = native().syscall_function(name)
    return wrapped if find_symbols(wrapped) else f"__se_sys_{name}"


def _kprobe_multi(program: Program, where: str) -> Link:
    return attach_functions(program, where)


def _kretprobe_multi(program: Program, where: str) -> Link:
    return attach_functions(program, where, retprobe=True)


def _uprobe(program: Program, where: str) -> Link:
    return attach_uprobe(program, where)


def _uretprobe(program: Program, where: str) -> Link:
    return attach_uprobe(program, where, retprobe=True)


def _uprobe_multi(program: Program, where: str) -> Link:
    return attach_user_functions(program, where)


def _uretprobe_multi(program: Program, where: str) -> Link:
    return attach_user_functions(program, where, retprobe=True)


def _trampoline(program: Program, where: str) -> Link:
    _check_it_was_verified_for(program, where)
    return attach_trampoline(program, program.spec.section.removeprefix("?"))


def _iterator(program: Program, where: str) -> Link:
    _check_it_was_verified_for(program, where)
    return attach_iterator(program, where)


def _check_it_was_verified_for(program: Program, where: str) -> None:
    known = program.spec.attach_to
    if where != known:
        what = f"program {program.spec.name!r} cannot be attached to {where!r}"
        raise UsageError(what, why=f"it was verified for {known!r}, and by the types of that")


def _clock(program: Program, _where: str) -> Link:
    return attach_cpu_clock(program)


def _usdt(program: Program, where: str) -> Link:
    raise UnsupportedError(
        f"program {program.spec.name!r} is for a USDT probe" + (f", {where!r}" if where else ""),
        why="rawbpf does not read the notes that describe those",
    )


def _cgroup(program: Program, where: str) -> Link:
    if not where:
        fix = f"give its path: --at {program.spec.name}=/sys/fs/cgroup"
        raise UsageError(f"program {program.spec.name!r} wants a cgroup", fix=fix)
    kind = program.spec.expected_attach_type
    if kind is None:
        raise UsageError(f"section {program.spec.section!r} does not say what of a cgroup")
    return attach_cgroup(program, where, kind)


def _interface(program: Program, where: str, kind: bpf_attach_type) -> Link:
    if not where:
        fix = f"give its name: --at {program.spec.name}=lo"
        raise UsageError(f"program {program.spec.name!r} wants an interface", fix=fix)
    return attach_interface(program, where, kind)


_ATTACHERS: dict[str, Callable[[Program, str], Link]] = {
    "kprobe": _kprobe,
    "kretprobe": _kretprobe,
    "ksyscall": _ksyscall,
    "kretsyscall": _kretsyscall,
    "kprobe.multi": _kprobe_multi,
    "kretprobe.multi": _kretprobe_multi,
    "kprobe.session": _kprobe_multi,
    "uprobe": _uprobe,
    "uretprobe": _uretprobe,
    "uprobe.multi": _uprobe_multi,
    "uretprobe.multi": _uretprobe_multi,
    "uprobe.session": _uprobe_multi,
    "usdt": _usdt,
    "tp": attach_tracepoint,
    "tracepoint": attach_tracepoint,
    "raw_tp": attach_raw_tracepoint,
    "raw_tracepoint": attach_raw_tracepoint,
    "raw_tp.w": attach_raw_tracepoint,
    "raw_tracepoint.w": attach_raw_tracepoint,
    "tp_btf": _trampoline,
    "fentry": _trampoline,
    "fexit": _trampoline,
    "fmod_ret": _trampoline,
    "fsession": _trampoline,
    "lsm": _trampoline,
    "iter": _iterator,
    "perf_event": _clock,
}
_NEEDS_NOTHING = frozenset({"perf_event", "usdt"})
_CGROUPS = frozenset(
    {
        bpf_prog_type.BPF_PROG_TYPE_CGROUP_SKB,
        bpf_prog_type.BPF_PROG_TYPE_CGROUP_SOCK,
        bpf_prog_type.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
        bpf_prog_type.BPF_PROG_TYPE_CGROUP_SOCKOPT,
        bpf_prog_type.BPF_PROG_TYPE_CGROUP_SYSCTL,
        bpf_prog_type.BPF_PROG_TYPE_CGROUP_DEVICE,
        bpf_prog_type.BPF_PROG_TYPE_SOCK_OPS,
    }
)
