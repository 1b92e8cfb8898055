"""RB-E015: a field of the attr that came with a later kernel."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.kernel.version import kernel_version
from rawbpf.refusals.calls import LOADS
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.fields import since

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked


def _explain(asked: Asked) -> Found | None:
    struct, version = type(asked.attr.struct), kernel_version()
    for field, _ in struct._fields_:
        value = getattr(asked.attr.struct, field)
        added = since(struct, field)
        if added is None or added <= version[:2] or not value or not isinstance(value, int):
            continue
        if asked.accepts(**{field: 0}):
            return Found(
                f"{field} is set, a field that came with Linux {added[0]}.{added[1]}, "
                f"and this is {version}",
                change="do without it, or load it on a newer kernel",
                fields={field: 0},
            )
    return None


RULE = Rule(
    code="RB-E015",
    title="A field that is newer than the kernel",
    calls=LOADS,
    errnos=(errno.EINVAL, errno.E2BIG),
    meaning=(
        "union bpf_attr grew with the kernel. What lies behind the fields that a kernel knows "
        "has to be 0: EINVAL where its union has room for it, E2BIG where it ends before."
    ),
    reason=(
        "So an old kernel runs a new program as long as that asks for nothing new, and refuses "
        "what it would have to ignore. The reference of system calls says since when each field "
        "is there."
    ),
    example="map_extra of a map on Linux 5.10.",
    explain=_explain,
)
