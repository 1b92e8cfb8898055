"""struct bpf_link_info: a head that every link has, then 48 bytes whose meaning its type decides.

    0   type  id  prog_id  (hole)
    16  raw_tracepoint | tracing | cgroup | iter | xdp | tcx | kprobe_multi | perf_event ...

Each class below is one reading of the same bytes, from the structure's beginning: what does not
belong to it is left out. Where a field is an address (a name, a path), it is of a buffer that the
kernel fills. Source: include/uapi/linux/bpf.h; tested like bpf_attr.

>>> info = BpfLinkInfo(type=6)
>>> BpfLinkInfoXdp.from_buffer(info).ifindex
0
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_uint8, c_uint32, c_uint64

__all__ = [
    "BpfLinkInfo",
    "BpfLinkInfoCgroup",
    "BpfLinkInfoIter",
    "BpfLinkInfoKprobeMulti",
    "BpfLinkInfoMap",
    "BpfLinkInfoNetfilter",
    "BpfLinkInfoNetns",
    "BpfLinkInfoPerfEvent",
    "BpfLinkInfoPerfEventEvent",
    "BpfLinkInfoPerfEventKprobe",
    "BpfLinkInfoPerfEventTracepoint",
    "BpfLinkInfoPerfEventUprobe",
    "BpfLinkInfoRawTracepoint",
    "BpfLinkInfoTcx",
    "BpfLinkInfoTracing",
    "BpfLinkInfoUprobeMulti",
    "BpfLinkInfoXdp",
]

_HEAD = ("_head", c_uint8 * 16)
_PERF_HEAD = ("_head", c_uint8 * 24)


class BpfLinkInfo(Structure):
    """The head, and room for every part."""

    _fields_ = [
        ("type", c_uint32),
        ("id", c_uint32),
        ("prog_id", c_uint32),
        ("_hole", c_uint32),
        ("_part", c_uint64 * 6),
    ]


class BpfLinkInfoRawTracepoint(Structure):
    """``raw_tracepoint``."""

    _fields_ = [_HEAD, ("tp_name", c_uint64), ("tp_name_len", c_uint32)]


class BpfLinkInfoTracing(Structure):
    """``tracing``: fentry, fexit, tp_btf, LSM. The target is a type of a BTF, or of a program."""

    _fields_ = [
        _HEAD,
        ("attach_type", c_uint32),
        ("target_obj_id", c_uint32),
        ("target_btf_id", c_uint32),
    ]


class BpfLinkInfoCgroup(Structure):
    """``cgroup``."""

    _fields_ = [_HEAD, ("cgroup_id", c_uint64), ("attach_type", c_uint32)]


class BpfLinkInfoIter(Structure):
    """``iter``; ``map_id`` only of an iterator over a map's elements."""

    _fields_ = [
        _HEAD,
        ("target_name", c_uint64),
        ("target_name_len", c_uint32),
        ("map_id", c_uint32),
    ]


class BpfLinkInfoNetns(Structure):
    """``netns``."""

    _fields_ = [_HEAD, ("netns_ino", c_uint32), ("attach_type", c_uint32)]


class BpfLinkInfoXdp(Structure):
    """``xdp``."""

    _fields_ = [_HEAD, ("ifindex", c_uint32)]


class BpfLinkInfoTcx(Structure):
    """``tcx``; ``netkit`` is laid out alike."""

    _fields_ = [_HEAD, ("ifindex", c_uint32), ("attach_type", c_uint32)]


class BpfLinkInfoMap(Structure):
    """``struct_ops``; ``sockmap`` begins alike."""

    _fields_ = [_HEAD, ("map_id", c_uint32)]


class BpfLinkInfoNetfilter(Structure):
    """``netfilter``."""

    _fields_ = [
        _HEAD,
        ("pf", c_uint32),
        ("hooknum", c_uint32),
        ("priority", c_int32),
        ("flags", c_uint32),
    ]


class BpfLinkInfoKprobeMulti(Structure):
    """``kprobe_multi``; ``addrs``: room for ``count`` addresses."""

    _fields_ = [
        _HEAD,
        ("addrs", c_uint64),
        ("count", c_uint32),
        ("flags", c_uint32),
        ("missed", c_uint64),
    ]


class BpfLinkInfoUprobeMulti(Structure):
    """``uprobe_multi``."""

    _fields_ = [
        _HEAD,
        ("path", c_uint64),
        ("offsets", c_uint64),
        ("ref_ctr_offsets", c_uint64),
        ("cookies", c_uint64),
        ("path_size", c_uint32),
        ("count", c_uint32),
        ("flags", c_uint32),
        ("pid", c_uint32),
    ]


class BpfLinkInfoPerfEvent(Structure):
    """``perf_event``; ``type`` (bpf_perf_event_type) says which of the four below."""

    _fields_ = [_HEAD, ("type", c_uint32)]


class BpfLinkInfoPerfEventUprobe(Structure):
    """``perf_event.uprobe``."""

    _fields_ = [
        _PERF_HEAD,
        ("file_name", c_uint64),
        ("name_len", c_uint32),
        ("offset", c_uint32),
    ]


class BpfLinkInfoPerfEventKprobe(Structure):
    """``perf_event.kprobe``."""

    _fields_ = [
        _PERF_HEAD,
        ("func_name", c_uint64),
        ("name_len", c_uint32),
        ("offset", c_uint32),
        ("addr", c_uint64),
        ("missed", c_uint64),
    ]


class BpfLinkInfoPerfEventTracepoint(Structure):
    """``perf_event.tracepoint``."""

    _fields_ = [_PERF_HEAD, ("tp_name", c_uint64), ("name_len", c_uint32)]


class BpfLinkInfoPerfEventEvent(Structure):
    """``perf_event.event``: PERF_TYPE_* and what of it."""

    _fields_ = [_PERF_HEAD, ("config", c_uint64), ("type", c_uint32)]
