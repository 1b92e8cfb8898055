"""RB-E003: before 5.11, the limit of locked memory."""

from __future__ import annotations

import errno

from rawbpf.kernel.permission import denied_by_memlock
from rawbpf.refusals.calls import LOADS
from rawbpf.refusals.rule import Rule, of_process

RULE = Rule(
    code="RB-E003",
    title="The limit of locked memory is used up",
    calls=LOADS,
    errnos=(errno.EPERM, errno.ENOMEM),
    meaning=(
        "Until 5.10 maps and programs count as memory that is locked, and one user may lock as "
        "much as RLIMIT_MEMLOCK says, often 64 kB. What goes beyond is EPERM, as if a right were "
        "missing."
    ),
    reason=(
        "What the kernel holds cannot be paged out. From 5.11 the memory's cgroup is charged "
        "instead. rawbpf lifts the limit where it counts; without CAP_SYS_RESOURCE it cannot go "
        "above the hard one."
    ),
    example="On Linux 5.10: `ulimit -Hl 64`, then as a user with CAP_BPF alone a larger map.",
    explain=of_process(denied_by_memlock),
)
