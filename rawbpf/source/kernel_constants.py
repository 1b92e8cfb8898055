"""The kernel's numbers by name, for use in assembly: BPF_ANY, BPF_F_CURRENT_CPU, XDP_PASS ...

>>> kernel_constants()["BPF_MAP_TYPE_HASH"], kernel_constants()["XDP_PASS"]
(1, 2)
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from functools import cache

from rawbpf.uapi import bpf, bpf_insn

__all__ = ["kernel_constants"]

_ACTIONS = {
    **dict(zip(("XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX", "XDP_REDIRECT"), range(5),
               strict=True)),
    "TC_ACT_UNSPEC": -1, "TC_ACT_OK": 0, "TC_ACT_SHOT": 2, "TC_ACT_REDIRECT": 7,
}  # fmt: skip
"""What programs return; <linux/bpf.h> and <linux/pkt_cls.h>."""


@cache
def kernel_constants() -> dict[str, int]:
    """All of <linux/bpf.h> that rawbpf knows, and what programs return."""
    found = dict(_ACTIONS)
    for module in (bpf, bpf_insn):
        for name, value in vars(module).items():
            if isinstance(value, type) and issubclass(value, IntEnum | IntFlag):
                found.update({name: int(one) for name, one in value.__members__.items()})
            elif isinstance(value, int) and name.isupper():
                found[name] = value
    return found
