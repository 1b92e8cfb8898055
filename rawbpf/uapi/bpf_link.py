"""Structures for links: the attrs that create links, and struct bpf_link_info.

struct bpf_link_info starts with a common header, followed by 48 bytes whose layout depends on the
link type:

    0   type  id  prog_id  (padding)
    16  raw_tracepoint | tracing | cgroup | iter | xdp | tcx | kprobe_multi | perf_event ...

Each BpfLinkInfo class below interprets these bytes, from the start of the structure, for one link
type. Fields that contain the address of a name or path point to a buffer that the kernel fills.

Sources: include/uapi/linux/bpf.h, with the same tests as ``rawbpf.uapi.bpf_attr``.

>>> info = BpfLinkInfo(type=6)
>>> BpfLinkInfoXdp.from_buffer(info).ifindex
0
>>> part = PARTS[bpf_link_type.BPF_LINK_TYPE_ITER]
>>> part.__name__, NAMES[part]
('BpfLinkInfoIter', ('target_name', 'target_name_len'))
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_uint8, c_uint32, c_uint64

from rawbpf.uapi.bpf import bpf_link_type

__all__ = [
    "NAMES",
    "PARTS",
    "BpfAttrIterCreate",
    "BpfAttrLinkCreateKprobeMulti",
    "BpfAttrLinkCreateUprobeMulti",
    "BpfAttrRawTracepoint",
    "BpfAttrTaskFdQuery",
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


class BpfAttrLinkCreateKprobeMulti(Structure):
    """Attr of BPF_LINK_CREATE for multi-kprobe links (union member ``link_create``, 5.18).

    The last five fields are the members of ``kprobe_multi``: ``multi_flags`` is its ``flags``,
    ``syms`` and ``cookies`` are addresses of arrays with ``cnt`` elements, and ``addrs`` can be
    used instead of ``syms``.
    """

    _fields_ = [
        ("prog_fd", c_uint32),
        ("target_fd", c_uint32),
        ("attach_type", c_uint32),
        ("flags", c_uint32),
        ("multi_flags", c_uint32),
        ("cnt", c_uint32),
        ("syms", c_uint64),
        ("addrs", c_uint64),
        ("cookies", c_uint64),
    ]


class BpfAttrLinkCreateUprobeMulti(Structure):
    """Attr of BPF_LINK_CREATE for multi-uprobe links (union member ``link_create``, 6.6).

    The last seven fields are the members of ``uprobe_multi``: ``multi_flags`` is its ``flags``, and
    ``offsets``, ``ref_ctr_offsets`` and ``cookies`` are addresses of arrays with ``cnt`` elements.
    """

    _fields_ = [
        ("prog_fd", c_uint32),
        ("target_fd", c_uint32),
        ("attach_type", c_uint32),
        ("flags", c_uint32),
        ("path", c_uint64),
        ("offsets", c_uint64),
        ("ref_ctr_offsets", c_uint64),
        ("cookies", c_uint64),
        ("cnt", c_uint32),
        ("multi_flags", c_uint32),
        ("pid", c_uint32),
    ]


class BpfAttrRawTracepoint(Structure):
    """Attr of BPF_RAW_TRACEPOINT_OPEN (union member ``raw_tracepoint``); ``cookie`` needs 6.10."""

    _fields_ = [
        ("name", c_uint64),
        ("prog_fd", c_uint32),
        ("cookie", c_uint64),
    ]


class BpfAttrIterCreate(Structure):
    """Attr of BPF_ITER_CREATE (union member ``iter_create``, 5.8)."""

    _fields_ = [
        ("link_fd", c_uint32),
        ("flags", c_uint32),
    ]


class BpfAttrTaskFdQuery(Structure):
    """Attr of BPF_TASK_FD_QUERY (union member ``task_fd_query``, 4.18)."""

    _fields_ = [
        ("pid", c_uint32),
        ("fd", c_uint32),
        ("flags", c_uint32),
        ("buf_len", c_uint32),
        ("buf", c_uint64),
        ("prog_id", c_uint32),
        ("fd_type", c_uint32),
        ("probe_offset", c_uint64),
        ("probe_addr", c_uint64),
    ]


class BpfLinkInfo(Structure):
    """The common header, followed by space for the largest type-specific part."""

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
    """Link info for ``tracing`` links: fentry, fexit, tp_btf and LSM.

    The target is given as a type ID in a BTF object.
    """

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
    """Link info for ``iter`` links; for iterators over map elements, ``map_id`` is valid."""

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
    """Link info for ``tcx`` links; ``netkit`` links have the same layout."""

    _fields_ = [_HEAD, ("ifindex", c_uint32), ("attach_type", c_uint32)]


class BpfLinkInfoMap(Structure):
    """Link info for ``struct_ops`` links.

    The info for ``sockmap`` links starts with the same field.
    """

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
    """Link info for ``kprobe_multi`` links.

    ``addrs`` points to a buffer for ``count`` addresses.
    """

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
    """Link info for ``perf_event`` links.

    ``type`` (bpf_perf_event_type) selects one of the four structures below.
    """

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
    """Link info for ``perf_event.event``: type (PERF_TYPE_*) and config."""

    _fields_ = [_PERF_HEAD, ("config", c_uint64), ("type", c_uint32)]


PARTS: dict[int, type[Structure]] = {
    bpf_link_type.BPF_LINK_TYPE_RAW_TRACEPOINT: BpfLinkInfoRawTracepoint,
    bpf_link_type.BPF_LINK_TYPE_TRACING: BpfLinkInfoTracing,
    bpf_link_type.BPF_LINK_TYPE_CGROUP: BpfLinkInfoCgroup,
    bpf_link_type.BPF_LINK_TYPE_ITER: BpfLinkInfoIter,
    bpf_link_type.BPF_LINK_TYPE_NETNS: BpfLinkInfoNetns,
    bpf_link_type.BPF_LINK_TYPE_XDP: BpfLinkInfoXdp,
    bpf_link_type.BPF_LINK_TYPE_TCX: BpfLinkInfoTcx,
    bpf_link_type.BPF_LINK_TYPE_NETKIT: BpfLinkInfoTcx,
    bpf_link_type.BPF_LINK_TYPE_STRUCT_OPS: BpfLinkInfoMap,
    bpf_link_type.BPF_LINK_TYPE_SOCKMAP: BpfLinkInfoMap,
    bpf_link_type.BPF_LINK_TYPE_NETFILTER: BpfLinkInfoNetfilter,
    bpf_link_type.BPF_LINK_TYPE_KPROBE_MULTI: BpfLinkInfoKprobeMulti,
    bpf_link_type.BPF_LINK_TYPE_UPROBE_MULTI: BpfLinkInfoUprobeMulti,
    bpf_link_type.BPF_LINK_TYPE_PERF_EVENT: BpfLinkInfoPerfEventKprobe,
}
"""Maps each link type to the structure that interprets its type-specific part.

For all perf events, the name field has the same offset as for kprobes."""

NAMES: dict[type[Structure], tuple[str, str]] = {
    BpfLinkInfoRawTracepoint: ("tp_name", "tp_name_len"),
    BpfLinkInfoIter: ("target_name", "target_name_len"),
    BpfLinkInfoUprobeMulti: ("path", "path_size"),
    BpfLinkInfoPerfEventKprobe: ("func_name", "name_len"),
}
"""Maps each structure to the fields for the address and the length of a name buffer."""
