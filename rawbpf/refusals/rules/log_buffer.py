"""RB-E016: a log that cannot be written."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_LEVELS = 1 | 2 | 4 | 8  # the path that failed, all of them, statistics; 6.4: keep the head
_LEAST, _MOST = 128, 0xFFFFFFFF >> 2


def _explain(asked: Asked) -> Found | None:
    level, size, buffer = asked["log_level"], asked["log_size"], asked["log_buf"]
    if not (level or size or buffer) or asked.ask(log_level=0, log_size=0, log_buf=0).errno:
        return None
    if level & ~_LEVELS:
        sentence = f"log_level is {level:#x}, and the kernel has no such bits"
        return Found(sentence, change="ask for 1 (the path that failed), 2 (all) or 4 (statistics)")
    if not (level and size and buffer):
        return Found(
            "a log takes all three: a level, a buffer, and its size", change="give them all"
        )
    if not _LEAST <= size <= _MOST:
        sentence = f"the log has room for {size} bytes, and the kernel wants {_LEAST} to {_MOST}"
        return Found(sentence, change="give it 64 kB, and more on ENOSPC")
    return None


RULE = Rule(
    code="RB-E016",
    title="A log that the kernel cannot write",
    calls=(bpf_cmd.BPF_PROG_LOAD,),
    errnos=(errno.EINVAL,),
    meaning=(
        "log_level, log_buf and log_size belong together. The level has bits 1, 2 and 4 (5.2), "
        "and 8 from 6.4; the buffer has 128 bytes at least (until 6.3), and less than a GiB."
    ),
    reason=(
        "A log of a few bytes would end before it said anything, and one without a buffer is none."
    ),
    example="log_level = 64.",
    explain=_explain,
)
