"""List the tasks of this PID namespace, with their IDs here and in the initial namespace.

An iterator over tasks (5.8) visits the tasks of the PID namespace of the process that opens it. The
program finds the IDs of a task in the kernel's own structures, whose layout is in kernel BTF:

    task->pid, task->tgid       │ IDs of the thread and the process in the initial namespace
    task->thread_pid            │ struct pid (4.19), NULL once the task has been released
      ->level                   │ how deep the task's namespace is nested; the initial one is 0
      ->numbers[level].nr       │ the task's ID in each namespace from the initial one down

The tracer's own level in this list is the index of the IDs that the tracer uses, both for tasks in
its own namespace and for tasks in namespaces below.

Sources: include/linux/pid.h, kernel/bpf/task_iter.c.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm import Builder, r0, r1, r2, r3, r6, r7, r8, r9, r10
from rawbpf.btf.lookup import offset_of
from rawbpf.btf.sizes import size_of
from rawbpf.errors import UnsupportedError
from rawbpf.kernel.type_index import kernel_types
from rawbpf.links.dispatch import attach
from rawbpf.programs.program import load
from rawbpf.programs.request import Target
from rawbpf.reading.iterator import read_iterator
from rawbpf.specs.program_spec import ProbeKind, ProbeSpec, ProgramSpec
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_STRUCT

if TYPE_CHECKING:
    from rawbpf.asm import Memory, Register
    from rawbpf.btf.btf import Btf

__all__ = ["Task", "task_table"]

_TASK = struct.Struct("=III")


class Task(NamedTuple):
    """A thread: its ID in this PID namespace, and ``pid`` and ``tgid`` as seen by programs."""

    own_id: int
    pid: int
    tgid: int


def task_table() -> list[Task]:
    """Return all threads in this PID namespace and in the namespaces below it.

    The function needs Linux 5.8, BTF, and permission to load tracing programs. Raises
    UnsupportedError if the kernel has no BTF.
    """
    btf = kernel_types()
    if btf is None:
        raise UnsupportedError(
            "cannot translate process IDs of this PID namespace",
            why="the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)",
            fix="run the command outside the namespace, or trace all processes",
        )
    target = Target(btf.find_id("bpf_iter_task", BTF_KIND_FUNC) or 0)
    with (
        load(_program(btf), {}, target=target) as program,
        attach(program, ProbeSpec(ProbeKind.ITER, "task")) as link,
    ):
        return [Task(*row) for row in _TASK.iter_unpack(b"".join(read_iterator(link)))]


def _program(btf: Btf) -> ProgramSpec:
    """Return the program, which writes a ``Task`` for each task that it is called with."""
    thread_pid = offset_of(btf, "task_struct", "thread_pid")
    level, numbers = offset_of(btf, "pid", "level"), offset_of(btf, "pid", "numbers")
    number = offset_of(btf, "upid", "nr")
    upid = size_of(btf, btf.find_id("upid", BTF_KIND_STRUCT) or 0)
    pointer, own_id, pid, tgid = r10[-8], r10[-24], r10[-20], r10[-16]
    b = Builder("task_table")
    b.ldxdw(r6, r1[offset_of(btf, "bpf_iter__task", "meta")])
    b.ldxdw(r7, r1[offset_of(btf, "bpf_iter__task", "task")])
    b.jeq(r7, 0, "out")  # the program is also called once after the last task
    b.ldxdw(r6, r6[offset_of(btf, "bpf_iter_meta", "seq")])
    b.call("get_current_task")
    _read(b, pointer, 8, r0, thread_pid)
    b.ldxdw(r8, pointer)
    _read(b, own_id, 4, r8, level)
    b.ldxw(r8, own_id)
    b.mul(r8, upid)
    _read(b, pointer, 8, r7, thread_pid)
    b.ldxdw(r9, pointer)
    b.add(r9, r8)
    _read(b, own_id, 4, r9, numbers + number)
    b.ldxw(r1, r7[offset_of(btf, "task_struct", "pid")])
    b.stxw(pid, r1)
    b.ldxw(r1, r7[offset_of(btf, "task_struct", "tgid")])
    b.stxw(tgid, r1)
    b.mov(r1, r6)
    b.address(r2, own_id)
    b.mov(r3, _TASK.size)
    b.call("seq_write")
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec(
        b.name,
        bpf_prog_type.BPF_PROG_TYPE_TRACING,
        b.build(),
        expected_attach_type=bpf_attach_type.BPF_TRACE_ITER,
        attach_to="task",
    )


def _read(b: Builder, dst: Memory, size: int, base: Register, offset: int) -> None:
    """Append ``bpf_probe_read_kernel(dst, size, base + offset)``; if it fails, go to "out"."""
    b.mov(r3, base)
    b.add(r3, offset)
    b.address(r1, dst)
    b.mov(r2, size)
    b.call("probe_read_kernel")
    b.jne(r0, 0, "out")
