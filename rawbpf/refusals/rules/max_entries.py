"""RB-E023: a number of entries that the type of map does not have."""

from __future__ import annotations

import errno
import resource
from typing import TYPE_CHECKING

from rawbpf.kernel.hardware import possible_cpus
from rawbpf.refusals.calls import sizes_of
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_RINGS = (bpf_map_type.BPF_MAP_TYPE_RINGBUF, bpf_map_type.BPF_MAP_TYPE_USER_RINGBUF)


def _explain(asked: Asked) -> Found | None:
    count, kind = asked["max_entries"], asked.name("map_type")
    wanted = sizes_of(asked)
    if wanted is None:
        return None
    if asked["map_type"] in _RINGS:
        return _ring(kind, count)
    if wanted.entries and count not in wanted.entries:
        only = wanted.entries[0]
        sentence = f"max_entries is {count}, and of {kind} it is {only} always"
        return Found(sentence, change=f"make max_entries {only}", fields={"max_entries": only})
    if asked["map_type"] == bpf_map_type.BPF_MAP_TYPE_CPUMAP and count > len(possible_cpus()):
        most = len(possible_cpus())
        sentence = f"max_entries is {count}, and {kind} has an entry for each CPU"
        return Found(sentence, (), f"make max_entries {most}", {"max_entries": most})
    if not wanted.entries and not count:
        sentence = f"max_entries is 0, and {kind} would have no room for anything"
        return Found(sentence, change="say for how many it is", fields={"max_entries": 1})
    return None


def _ring(kind: str, count: int) -> Found | None:
    page = resource.getpagesize()
    if count >= page and not count & (count - 1):
        return None
    good = max(page, 1 << (count - 1).bit_length()) if count else page
    return Found(
        f"max_entries is {count}, and {kind} has a power of two of bytes, a page ({page}) at least",
        change=f"make max_entries {good}",
        fields={"max_entries": min(good, 1 << 31)},
    )


RULE = Rule(
    code="RB-E023",
    title="A number of entries that the map cannot have",
    calls=(bpf_cmd.BPF_MAP_CREATE,),
    errnos=(errno.EINVAL, errno.E2BIG),
    meaning=(
        "max_entries is how many entries a map has room for. Of a ring buffer it is its size in "
        "bytes: a power of two, and whole pages. Of what is stored with a socket, a file, a task "
        "or a cgroup it is 0, for there is one for each of those."
    ),
    reason=(
        "A position in a ring is found by cutting off its upper bits, and the ring is mapped "
        "into our memory by pages, twice, one behind the other."
    ),
    example="A ring buffer of 5000 bytes.",
    explain=_explain,
)
