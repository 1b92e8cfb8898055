r"""Format numbers by their C names and bytes as quoted strings, as strace(1) does.

>>> flags(3, PROT), flags(0, PROT), quoted(b"events\n\xff")
('PROT_READ|PROT_WRITE', 'PROT_NONE', '"events\\n\\xff"')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rawbpf.uapi.bpf import (
    BPF_F_SLEEPABLE,
    BPF_F_XDP_HAS_FRAGS,
    bpf_attach_type,
    bpf_link_type,
    bpf_map_flags,
    bpf_map_type,
    bpf_prog_type,
)
from rawbpf.uapi.bpf_attr import BpfAttrEnableStats, BpfAttrMapElem, BpfMapInfo, BpfProgInfo
from rawbpf.uapi.capability import CAPABILITIES
from rawbpf.uapi.perf_event import PERF_SAMPLE_RAW, PerfEventAttr

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ctypes import Structure
    from enum import IntEnum

__all__ = [
    "EPOLL",
    "EPOLL_CTL",
    "MAP",
    "PERF_BITS",
    "PERF_OPEN",
    "PRCTL",
    "PROT",
    "capabilities",
    "flags",
    "named",
    "quoted",
]

LONGEST = 32
"""Maximum number of bytes to print of a string, as in strace."""

Names = dict[int, str]

PROT: Names = {0: "PROT_NONE", 1: "PROT_READ", 2: "PROT_WRITE"}
MAP: Names = {1: "MAP_SHARED"}
PERF_OPEN: Names = {0: "0", 8: "PERF_FLAG_FD_CLOEXEC"}
EPOLL: Names = {0: "0", 1: "EPOLLIN", 8: "EPOLLERR", 0x10: "EPOLLHUP"}
EPOLL_CTL: Names = {1: "EPOLL_CTL_ADD", 2: "EPOLL_CTL_DEL", 3: "EPOLL_CTL_MOD"}
PRCTL: Names = {38: "PR_SET_NO_NEW_PRIVS"}
_EVENT_TYPE: Names = {0: "PERF_TYPE_HARDWARE", 1: "PERF_TYPE_SOFTWARE", 2: "PERF_TYPE_TRACEPOINT"}
_SOFTWARE: Names = {0: "PERF_COUNT_SW_CPU_CLOCK", 10: "PERF_COUNT_SW_BPF_OUTPUT"}
_SAMPLE: Names = {0: "0", PERF_SAMPLE_RAW: "PERF_SAMPLE_RAW"}
_ELEM: Names = {0: "BPF_ANY", 1: "BPF_NOEXIST", 2: "BPF_EXIST", 4: "BPF_F_LOCK"}
_PROG: Names = {
    0: "0",
    BPF_F_SLEEPABLE: "BPF_F_SLEEPABLE",
    BPF_F_XDP_HAS_FRAGS: "BPF_F_XDP_HAS_FRAGS",
}

# fmt: off
PERF_BITS = (
    "disabled", "inherit", "pinned", "exclusive", "exclude_user", "exclude_kernel", "exclude_hv",
    "exclude_idle", "mmap", "comm", "freq", "inherit_stat", "enable_on_exec", "task", "watermark",
)
# fmt: on
"""The bit-fields after ``read_format`` in perf_event_attr, which this package calls ``flags``."""


def _members(enum: type[IntEnum]) -> Names:
    return {one.value: one.name for one in enum}


_LINK_TYPES = _members(bpf_link_type)
_TYPES: Mapping[type[Structure], Names] = {
    BpfProgInfo: _members(bpf_prog_type),
    BpfMapInfo: _members(bpf_map_type),
    BpfAttrEnableStats: {0: "BPF_STATS_RUN_TIME"},
}
_ENUMS: Mapping[str, Names] = {
    "map_type": _members(bpf_map_type),
    "prog_type": _members(bpf_prog_type),
    "attach_type": _members(bpf_attach_type),
    "expected_attach_type": _members(bpf_attach_type),
}
_FLAGS: Mapping[str, Names] = {
    "map_flags": {0: "0", **{int(one): str(one.name) for one in bpf_map_flags}},
    "prog_flags": _PROG,
    "sample_type": _SAMPLE,
}


def named(struct: type[Structure], field: str, value: int, others: Mapping[str, int]) -> str:
    """Return the C name of a field's value; ``others`` holds all numbers in the structure."""
    if struct is PerfEventAttr and field in ("type", "config"):
        return _event(field, value, others)
    if field == "type":
        return _types(struct).get(value, str(value))
    if struct is BpfAttrMapElem and field == "flags":
        return flags(value, _ELEM)
    if field in _FLAGS:
        return flags(value, _FLAGS[field])
    return _ENUMS.get(field, {}).get(value, str(value))


def _types(struct: type[Structure]) -> Names:
    """Return the names for a field called ``type``, which depend on the structure."""
    if struct.__name__.startswith("BpfLinkInfo"):
        return _LINK_TYPES
    return _TYPES.get(struct, {})


def _event(field: str, value: int, others: Mapping[str, int]) -> str:
    if field == "type":
        return _EVENT_TYPE.get(value, str(value))
    return _SOFTWARE.get(value, str(value)) if others["type"] == 1 else str(value)


def flags(value: int, names: Names) -> str:
    """Return the names of the bits that are set; bits without a name are written in hex."""
    if not value:
        return names.get(0, "0")
    parts = [name for bit, name in names.items() if bit and value & bit == bit]
    rest = value & ~sum(bit for bit in names if value & bit == bit)
    return "|".join([*parts, *([hex(rest)] if rest else [])])


_FEW = 4


def capabilities(mask: int) -> str:
    """Format a few capabilities by name, or a larger set as a number.

    >>> capabilities(1 << 38 | 1 << 39), capabilities((1 << 41) - 1)
    ('CAP_PERFMON|CAP_BPF', '(41 capabilities)')
    """
    if mask.bit_count() > _FEW:
        return f"({mask.bit_count()} capabilities)"
    return flags(mask, {1 << bit: name for bit, name in enumerate(CAPABILITIES)})


def quoted(data: bytes, longest: int = LONGEST) -> str:
    """Format bytes as a C string, truncated with "..." after ``longest`` bytes."""
    text = "".join(map(_escaped, data[:longest]))
    return f'"{text}"' + ("..." if len(data) > longest else "")


_ESCAPES = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\"}


def _escaped(byte: int) -> str:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}"
