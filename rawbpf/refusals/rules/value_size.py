"""RB-E022: values of a size that the type of map does not have."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.calls import sizes_of
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_DEEPEST = 127  # kernel.perf_event_max_stack as it comes
_PERCPU = 32 << 10  # PCPU_MIN_UNIT_SIZE: what one CPU can have at once


def _explain(asked: Asked) -> Found | None:
    size, kind = asked["value_size"], asked.name("map_type")
    wanted = sizes_of(asked)
    if wanted is None:
        return None
    if wanted.value:
        if size in wanted.value:
            return None
        words = " or ".join(map(str, wanted.value))
        return Found(
            f"value_size is {size}, and the values of {kind} have {words} bytes",
            change=f"make value_size {wanted.value[0]}",
            fields={"value_size": wanted.value[0]},
        )
    if not size:
        sentence = f"value_size is 0, and {kind} has values"
        return Found(sentence, change="give a value's size in bytes", fields={"value_size": 8})
    if asked["map_type"] == bpf_map_type.BPF_MAP_TYPE_STACK_TRACE:
        return _stacks(asked, size)
    if size > _PERCPU and "PERCPU" in kind and asked.accepts(value_size=_PERCPU):
        sentence = f"value_size is {size}, and a value of {kind} has {_PERCPU} bytes at most"
        change = "use smaller values, or a map that is not per CPU"
        return Found(sentence, change=change, fields={"value_size": _PERCPU})
    return None


def _stacks(asked: Asked, size: int) -> Found | None:
    good = min(max(size // 8, 1), _DEEPEST) * 8
    if not asked.accepts(value_size=good):
        return None
    sentence = f"value_size is {size}: stacks are 1 to {_DEEPEST} addresses of 8 bytes"
    return Found(sentence, change=f"make value_size {good}", fields={"value_size": good})


RULE = Rule(
    code="RB-E022",
    title="Values of a size that the map does not have",
    calls=(bpf_cmd.BPF_MAP_CREATE,),
    errnos=(errno.EINVAL, errno.E2BIG),
    meaning=(
        "Maps of programs, maps, sockets and perf events have values of four bytes: a descriptor "
        "when it is written, an id when it is read. Ring buffers have none. A stack has eight "
        "bytes for each frame. The values of a map for each CPU have 32 kB at most."
    ),
    reason=(
        "Where the kernel knows what a value is, another size could only be a mistake. Memory "
        "for each CPU comes from a small pool of pages that lie side by side."
    ),
    example="A program array with values of 8 bytes.",
    explain=_explain,
)
