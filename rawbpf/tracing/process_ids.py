"""Translate process IDs to the IDs that BPF programs see.

bpf_get_current_pid_tgid returns IDs of the initial PID namespace. A tracer in a container knows
processes by the IDs of its own namespace, so a program that compares the two kinds of IDs never
finds a match. bpf_get_ns_current_pid_tgid (5.7) does not help: it fails with EINVAL for tasks in
namespaces below the given one. IDs are therefore translated once, before the program is built:

- The tracer learns its own ID from bpf_get_current_pid_tgid, by running a program with
  BPF_PROG_TEST_RUN (5.10).
- Other IDs come from an iterator over the tasks of the tracer's PID namespace (``task_table``).

The link /proc/self/ns/pid identifies the namespace of this process, as in ``pid:[4026531836]``. The
number is an inode, which is fixed for the initial namespace (include/linux/proc_ns.h, 3.8).
"""

from __future__ import annotations

import errno
import os

from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.kernel.hardware import at
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawbpf.kernel.hardware import Root

__all__ = ["in_initial_pid_namespace", "own_process_id", "process_id"]

_PROC_PID_INIT_INO = 0xEFFFFFFC


def in_initial_pid_namespace(root: Root = "/") -> bool:
    """Return whether programs see this process under the same ID as the process itself.

    /proc/self is missing if /proc belongs to a PID namespace in which this process has no ID.

    >>> in_initial_pid_namespace("/nonexistent")
    False
    """
    try:
        link = os.readlink(at(root, "/proc/self/ns/pid"))  # noqa: PTH115 -- see hardware.at
    except FileNotFoundError:  # a kernel without PID namespaces still has /proc/self/ns
        return os.path.exists(at(root, "/proc/self/ns"))  # noqa: PTH110 -- see hardware.at
    return link == f"pid:[{_PROC_PID_INIT_INO}]"


def own_process_id() -> int:
    """Return the ID of this process (thread group) as seen by BPF programs.

    In a PID namespace, the function needs permission to load tracing programs. Raises
    UnsupportedError in a PID namespace before 5.10 if the kernel has no BTF.

    >>> own_process_id() > 0
    True
    """
    if in_initial_pid_namespace():
        return os.getpid()
    from rawbpf.asm import Builder, r0
    from rawbpf.programs.program import load
    from rawbpf.specs.program_spec import ProgramSpec
    from rawbpf.uapi.bpf import bpf_prog_type

    b = Builder("own_process_id")
    b.call("get_current_pid_tgid")
    b.rsh(r0, 32)
    b.exit()
    spec = ProgramSpec(b.name, bpf_prog_type.BPF_PROG_TYPE_RAW_TRACEPOINT, b.build())
    with load(spec, {}) as program:
        try:
            return program.test_run(repeat=0).retval  # raw tracepoints do not accept a repeat count
        except UnsupportedError:  # before 5.10
            return _translated(os.getpid())


def process_id(pid: int) -> int:
    """Return the ID of process ``pid`` as seen by BPF programs.

    ``pid`` is an ID in the PID namespace of the caller. Raises KernelError with ESRCH if no process
    has this ID, or with EINVAL if the ID belongs to a thread that is not the first of its process.
    Raises UnsupportedError in a PID namespace if the kernel has no BTF.

    >>> process_id(os.getpid()) == own_process_id()
    True
    >>> process_id(1 << 22)
    Traceback (most recent call last):
    ...
    rawbpf.errors.KernelError: cannot trace process 4194304: no process has this ID
    """
    _require_process(pid)
    return pid if in_initial_pid_namespace() else _translated(pid)


_NO_LEADER = (errno.EINVAL, errno.ENOENT)
"""Errnos with which pidfd_open fails for a thread: EINVAL, and in later kernels ENOENT."""


def _require_process(pid: int) -> None:
    """Raise KernelError unless ``pid`` is a process. Zombies count as processes, too.

    kill(2) does not distinguish threads from processes, and a seccomp filter may deny pidfd_open
    (5.3), so both calls are made.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        raise _no_process(pid) from None
    except PermissionError:  # the process exists
        pass
    try:
        os.close(os.pidfd_open(pid))
    except ProcessLookupError:
        raise _no_process(pid) from None
    except OSError as error:
        if error.errno in _NO_LEADER:
            raise KernelError(
                f"cannot trace process {pid}",
                errno=errno.EINVAL,
                call="pidfd_open",
                why=f"{pid} is the ID of a thread",
                fix=f"specify the ID of its process, which is `Tgid` in /proc/{pid}/status",
            ) from None


def _no_process(pid: int) -> KernelError:
    where = "" if in_initial_pid_namespace() else " in this PID namespace"
    return KernelError(
        f"cannot trace process {pid}",
        errno=errno.ESRCH,
        call="kill",
        why=f"no process has this ID{where}",
    )


def _translated(pid: int) -> int:
    from rawbpf.tracing.task_table import task_table

    for task in task_table():
        if task.own_id == pid:
            return task.tgid
    raise _no_process(pid)
