"""RB-E026: more memory than there is, or than can be asked for at once."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.calls import LOADS
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_SURELY = 1 << 24  # bytes that are not too many: what is tried is really allocated
_OVERHEAD = 64  # about what a hash table has besides, for each entry
_LARGEST_BTF = 16 << 20  # BTF_MAX_SIZE


def _explain(asked: Asked) -> Found | None:
    if asked.cmd == bpf_cmd.BPF_MAP_CREATE:
        return _map(asked)
    if asked.cmd == bpf_cmd.BPF_BTF_LOAD and asked["btf_size"] > _LARGEST_BTF:
        sentence = f"the types have {asked['btf_size']} bytes, and the kernel takes {_LARGEST_BTF}"
        return Found(sentence, change="describe the types that the program uses, not all there are")
    if asked.errno == errno.ENOMEM:
        change = "free memory, or raise the limit of the cgroup (memory.max)"
        return Found("the kernel found no memory for it", change=change)
    return None


def _map(asked: Asked) -> Found | None:
    entry = (asked["key_size"] + 7 & ~7) + (asked["value_size"] + 7 & ~7)
    count = asked["max_entries"]
    known = (f"{count} entries of {entry} bytes are {_size(count * max(entry, 1))} at least",)
    less = max(min(count // 2, _SURELY // (entry + _OVERHEAD)), 1)
    sentence = "the map needs more memory than the kernel gives for one"
    if asked.accepts(max_entries=less):
        change = f"use fewer entries ({less} would do), or BPF_F_NO_PREALLOC for a hash table"
        return Found(sentence, known, change, {"max_entries": less})
    if asked.accepts(max_entries=1, value_size=8):
        return Found(sentence, known, "use smaller values")
    return None


def _size(count: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 10_000:
            return f"{count} {unit}"
        count //= 1024
    return f"{count} TB"


RULE = Rule(
    code="RB-E026",
    title="Too large",
    calls=LOADS,
    errnos=(errno.E2BIG, errno.ENOMEM),
    meaning=(
        "A map that is allocated at once takes max_entries times the size of an entry, and more "
        "for each CPU where it has a value for each. E2BIG says that this does not fit the "
        "kernel's numbers, ENOMEM that the memory is not there, or not allowed to this cgroup. "
        "Types have 16 MB at most."
    ),
    reason=(
        "Programs run where the kernel cannot wait for memory, so most maps have theirs from the "
        "beginning."
    ),
    example="A hash table with 4,294,967,295 entries.",
    explain=_explain,
)
