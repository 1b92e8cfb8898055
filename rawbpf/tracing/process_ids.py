"""Translate process IDs to those that BPF programs see.

bpf_get_current_pid_tgid returns IDs of the initial PID namespace. A tracer in a container knows
processes by the IDs of its own namespace, so a program that compares the two never finds a match.
bpf_get_ns_current_pid_tgid (5.7) is no remedy: it fails with EINVAL for tasks in namespaces below
the given one. IDs are therefore translated once, before the program is built.
"""

from __future__ import annotations

import os

from rawbpf.asm import Builder, r0
from rawbpf.kernel.namespaces import in_initial_pid_namespace
from rawbpf.programs.program import load
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_prog_type

__all__ = ["own_process_id"]


def own_process_id() -> int:
    """Return the ID of this process (thread group) as BPF programs see it.

    In a PID namespace, a program that returns its caller's ID is run once. This takes Linux 5.10
    and the right to load tracing programs. Raises UnsupportedError on older kernels.

    >>> own_process_id() > 0
    True
    """
    if in_initial_pid_namespace():
        return os.getpid()
    b = Builder("own_process_id")
    b.call("get_current_pid_tgid")
    b.rsh(r0, 32)
    b.exit()
    spec = ProgramSpec(b.name, bpf_prog_type.BPF_PROG_TYPE_RAW_TRACEPOINT, b.build())
    with load(spec, {}) as program:
        return program.test_run(repeat=0).retval  # raw tracepoints reject a repeat count
