"""Attach a program to a probe of any kind with a single function.

Each family of probes is imported only when it is used, so that a kprobe can be attached without
importing the code for networks and executables.
"""

from __future__ import annotations

from rawbpf.errors import UnsupportedError
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.specs.program_spec import ProbeKind, probe_of

if TYPE_CHECKING:
    from rawbpf.links.link import Link
    from rawbpf.programs.program import Program
    from rawbpf.specs.program_spec import ProbeSpec

__all__ = ["attach"]

_MULTI = (ProbeKind.KPROBE_MULTI, ProbeKind.UPROBE_MULTI)
_NETWORK = (ProbeKind.XDP, ProbeKind.TC, ProbeKind.CGROUP)
_TRACING = (
    ProbeKind.RAW_TRACEPOINT,
    ProbeKind.TP_BTF,
    ProbeKind.FENTRY,
    ProbeKind.FMOD_RET,
    ProbeKind.LSM,
    ProbeKind.ITER,
)


def attach(program: Program, probe: ProbeSpec | None = None) -> Link:
    """Attach a loaded program to ``probe``, or to the probe that the program's section specifies.

    The program stays attached until the link is closed, unless the link is pinned. Raises
    UsageError if the probe is invalid, UnsupportedError if this kernel or rawbpf does not support
    this kind of probe, and AttachError with the cause if the kernel rejects the probe.
    """
    if probe is None:
        probe = probe_of(program.spec)
    probe.check()
    if probe.kind in _TRACING:
        from rawbpf.links.tracing import attach_tracing

        return attach_tracing(program, probe)
    if probe.kind in _MULTI:
        from rawbpf.links.multi import attach_multi

        return attach_multi(program, probe)
    if probe.kind in _NETWORK:
        from rawbpf.links.network import attach_network

        return attach_network(program, probe)
    if probe.kind is ProbeKind.USDT:
        raise UnsupportedError(
            f"cannot attach to {probe}",
            why="rawbpf does not read the ELF notes that describe USDT probes",
        )
    from rawbpf.links.perf_events import attach_event

    return attach_event(program, probe)
