"""The lesson's program: say "kprobe triggered!" each time the function is called.

int hello_kprobe(struct pt_regs *ctx)
{
if (pid && bpf_get_current_pid_tgid() >> 32 != pid)
return 0;
info(ctx, "kprobe triggered!");
return 0;
}
"""

from __future__ import annotations

from rawbpf.asm import Builder, r0, r1, r6
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.tracing.log_program import emit_log
from rawbpf.uapi.bpf import bpf_prog_type

__all__ = ["MESSAGE", "hello_kprobe"]

MESSAGE = "kprobe triggered!"


def hello_kprobe(pid: int | None = None) -> ProgramSpec:
    """The program as a spec; with ``pid`` it looks at that process alone (its thread group).

    >>> hello_kprobe().prog_type.name
    'BPF_PROG_TYPE_KPROBE'
    """
    b = Builder("hello_kprobe")
    b.mov(r6, r1)  # r1 is the context, and no call keeps it
    if pid is not None:
        b.call("get_current_pid_tgid")
        b.rsh(r0, 32)
        b.mov(r1, pid)
        b.jne(r0, r1, "out")
    emit_log(b, r6, "info", MESSAGE)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return ProgramSpec("hello_kprobe", bpf_prog_type.BPF_PROG_TYPE_KPROBE, b.build())
