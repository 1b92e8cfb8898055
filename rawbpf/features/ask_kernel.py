"""What other files of the kernel tell: capabilities, PMUs, the way memory is counted."""

from __future__ import annotations

from rawbpf.errors import UnsupportedError
from rawbpf.features.answer import Answer, Outcome
from rawbpf.features.ask_program import helper
from rawbpf.kernel.btf import btf_modules, loaded_modules
from rawbpf.kernel.files import Root, read_text
from rawbpf.kernel.hardware import pmu_type
from rawbpf.uapi.bpf import bpf_prog_type
from rawbpf.uapi.capability import CAPABILITIES

__all__ = ["capability", "memcg_accounting", "module_types", "pmu"]

_LAST_CAP = "/proc/sys/kernel/cap_last_cap"


def capability(name: str, root: Root = "/") -> Answer:
    """Whether the kernel knows a capability: their numbers only ever grow."""
    last = read_text(root, _LAST_CAP)
    if last is None or not last.isdecimal():
        return Answer(Outcome.UNSURE, f"{_LAST_CAP} cannot be read")
    outcome = Outcome.YES if int(last) >= CAPABILITIES.index(name) else Outcome.NO
    return Answer(outcome, f"{_LAST_CAP} is {last}")


def pmu(name: str, root: Root = "/") -> Answer:
    """Whether perf has a PMU of this name."""
    try:
        return Answer(Outcome.YES, f"the {name} PMU has type {pmu_type(name, root)}")
    except UnsupportedError as error:
        return Answer(Outcome.NO, str(error.why))


def module_types(root: Root = "/") -> Answer:
    """Whether modules describe their types, which programs need to be for one. Loaded ones tell."""
    described, loaded = btf_modules(root), loaded_modules(root)
    if described:
        return Answer(Outcome.YES, f"/sys/kernel/btf has {described[0]}")
    if loaded:
        return Answer(Outcome.NO, f"/sys/kernel/btf has not {loaded[0]}, which is loaded")
    return Answer(Outcome.UNSURE, "no module is loaded")


def memcg_accounting() -> Answer:
    """Whether BPF memory counts against the memory cgroup instead of RLIMIT_MEMLOCK (5.11).

    Nothing shows it but its consequences. bpf_ktime_get_coarse_ns came with the same release, and
    vendors that brought back the one brought back the other (libbpf asks the same question). It is
    asked of a socket filter: since 5.16 tracing programs may not call that helper (5e0bc3082e2e).
    """
    answer = helper("ktime_get_coarse_ns", bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER)
    return answer._replace(evidence=f"the helper of the same release: {answer.evidence}")
