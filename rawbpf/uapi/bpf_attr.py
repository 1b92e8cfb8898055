"""Layouts of union bpf_attr and of the structures that BPF_OBJ_GET_INFO_BY_FD fills in.

The kernel's union contains an anonymous structure for each family of commands; here, each of these
structures is a class. All pointers are u64, so that a 32-bit process and a 64-bit kernel agree on
the layout. The kernel accepts a shorter attr, and treats missing fields as 0. The kernel accepts a
longer attr only if the additional bytes are 0, and fails with E2BIG otherwise, so each call passes
only the fields that it uses (see ``rawbpf.syscall.gate``).

For struct bpf_prog_info and the other info structures, the kernel writes only the fields that both
sides know, and returns their total size. A field that an older kernel does not know reads as 0.

Source: include/uapi/linux/bpf.h. Tests compare every offset and size with the C header and with the
BTF of every guest kernel. Structures for links are defined in ``rawbpf.uapi.bpf_link``.

>>> BpfAttrMapCreate.map_name.offset, BpfAttrMapCreate.map_name.size
(28, 16)
>>> BpfProgInfo.recursion_misses.offset
208
"""

from __future__ import annotations

from ctypes import Structure, c_char, c_int32, c_uint8, c_uint32, c_uint64

from rawbpf.uapi.bpf import BPF_OBJ_NAME_LEN, BPF_TAG_SIZE

__all__ = [
    "BpfAttrBatch",
    "BpfAttrBtfLoad",
    "BpfAttrEnableStats",
    "BpfAttrInfo",
    "BpfAttrLinkCreate",
    "BpfAttrMapCreate",
    "BpfAttrMapElem",
    "BpfAttrObj",
    "BpfAttrObjId",
    "BpfAttrProgLoad",
    "BpfAttrTestRun",
    "BpfBtfInfo",
    "BpfMapInfo",
    "BpfProgInfo",
]


class BpfAttrMapCreate(Structure):
    """BPF_MAP_CREATE."""

    _fields_ = [
        ("map_type", c_uint32),
        ("key_size", c_uint32),
        ("value_size", c_uint32),
        ("max_entries", c_uint32),
        ("map_flags", c_uint32),
        ("inner_map_fd", c_uint32),
        ("numa_node", c_uint32),
        ("map_name", c_char * BPF_OBJ_NAME_LEN),
        ("map_ifindex", c_uint32),
        ("btf_fd", c_uint32),
        ("btf_key_type_id", c_uint32),
        ("btf_value_type_id", c_uint32),
        ("btf_vmlinux_value_type_id", c_uint32),
        ("map_extra", c_uint64),
        ("value_type_btf_obj_fd", c_int32),
        ("map_token_fd", c_int32),
    ]


class BpfAttrMapElem(Structure):
    """Attr of BPF_MAP_LOOKUP_ELEM, _UPDATE_ELEM, _DELETE_ELEM, _GET_NEXT_KEY and _FREEZE.

    ``value`` serves as ``next_key`` for BPF_MAP_GET_NEXT_KEY, because the two fields share a union
    in the kernel's header.
    """

    _fields_ = [
        ("map_fd", c_uint32),
        ("key", c_uint64),
        ("value", c_uint64),
        ("flags", c_uint64),
    ]


class BpfAttrBatch(Structure):
    """Attr of BPF_MAP_LOOKUP_BATCH and the other batch commands (union member ``batch``, 5.6).

    ``in_batch`` and ``out_batch`` point to the iteration position, which is a bucket number or a
    key. ``count`` is the maximum number of entries and, after the call, the number of entries
    processed.
    """

    _fields_ = [
        ("in_batch", c_uint64),
        ("out_batch", c_uint64),
        ("keys", c_uint64),
        ("values", c_uint64),
        ("count", c_uint32),
        ("map_fd", c_uint32),
        ("elem_flags", c_uint64),
        ("flags", c_uint64),
    ]


class BpfAttrProgLoad(Structure):
    """BPF_PROG_LOAD. ``attach_btf_obj_fd`` shares a union with ``attach_prog_fd``."""

    _fields_ = [
        ("prog_type", c_uint32),
        ("insn_cnt", c_uint32),
        ("insns", c_uint64),
        ("license", c_uint64),
        ("log_level", c_uint32),
        ("log_size", c_uint32),
        ("log_buf", c_uint64),
        ("kern_version", c_uint32),
        ("prog_flags", c_uint32),
        ("prog_name", c_char * BPF_OBJ_NAME_LEN),
        ("prog_ifindex", c_uint32),
        ("expected_attach_type", c_uint32),
        ("prog_btf_fd", c_uint32),
        ("func_info_rec_size", c_uint32),
        ("func_info", c_uint64),
        ("func_info_cnt", c_uint32),
        ("line_info_rec_size", c_uint32),
        ("line_info", c_uint64),
        ("line_info_cnt", c_uint32),
        ("attach_btf_id", c_uint32),
        ("attach_btf_obj_fd", c_uint32),
        ("core_relo_cnt", c_uint32),
        ("fd_array", c_uint64),
        ("core_relos", c_uint64),
        ("core_relo_rec_size", c_uint32),
        ("log_true_size", c_uint32),
        ("prog_token_fd", c_int32),
        ("fd_array_cnt", c_uint32),
    ]


class BpfAttrTestRun(Structure):
    """Attr of BPF_PROG_TEST_RUN (union member ``test``)."""

    _fields_ = [
        ("prog_fd", c_uint32),
        ("retval", c_uint32),
        ("data_size_in", c_uint32),
        ("data_size_out", c_uint32),
        ("data_in", c_uint64),
        ("data_out", c_uint64),
        ("repeat", c_uint32),
        ("duration", c_uint32),
        ("ctx_size_in", c_uint32),
        ("ctx_size_out", c_uint32),
        ("ctx_in", c_uint64),
        ("ctx_out", c_uint64),
        ("flags", c_uint32),
        ("cpu", c_uint32),
        ("batch_size", c_uint32),
    ]


class BpfAttrObj(Structure):
    """BPF_OBJ_PIN and BPF_OBJ_GET."""

    _fields_ = [
        ("pathname", c_uint64),
        ("bpf_fd", c_uint32),
        ("file_flags", c_uint32),
    ]


class BpfAttrObjId(Structure):
    """BPF_*_GET_NEXT_ID and BPF_*_GET_FD_BY_ID.

    ``id`` is called start_id, prog_id, map_id and so on in the kernel's header.
    """

    _fields_ = [
        ("id", c_uint32),
        ("next_id", c_uint32),
        ("open_flags", c_uint32),
        ("fd_by_id_token_fd", c_int32),
    ]


class BpfAttrInfo(Structure):
    """Attr of BPF_OBJ_GET_INFO_BY_FD (union member ``info``)."""

    _fields_ = [
        ("bpf_fd", c_uint32),
        ("info_len", c_uint32),
        ("info", c_uint64),
    ]


class BpfAttrLinkCreate(Structure):
    """Attr of BPF_LINK_CREATE for a perf event (union member ``link_create``).

    ``target_fd`` is the perf event's file descriptor; ``bpf_cookie`` is the member
    ``perf_event.bpf_cookie``.
    """

    _fields_ = [
        ("prog_fd", c_uint32),
        ("target_fd", c_uint32),
        ("attach_type", c_uint32),
        ("flags", c_uint32),
        ("bpf_cookie", c_uint64),
    ]


class BpfAttrBtfLoad(Structure):
    """BPF_BTF_LOAD (4.18)."""

    _fields_ = [
        ("btf", c_uint64),
        ("btf_log_buf", c_uint64),
        ("btf_size", c_uint32),
        ("btf_log_size", c_uint32),
        ("btf_log_level", c_uint32),
        ("btf_log_true_size", c_uint32),
        ("btf_flags", c_uint32),
        ("btf_token_fd", c_int32),
    ]


class BpfAttrEnableStats(Structure):
    """Attr of BPF_ENABLE_STATS (union member ``enable_stats``, 5.8).

    A type of 0 means BPF_STATS_RUN_TIME.
    """

    _fields_ = [
        ("type", c_uint32),
    ]


class BpfProgInfo(Structure):
    """struct bpf_prog_info. ``gpl_compatible`` is a one-bit field."""

    _fields_ = [
        ("type", c_uint32),
        ("id", c_uint32),
        ("tag", c_uint8 * BPF_TAG_SIZE),
        ("jited_prog_len", c_uint32),
        ("xlated_prog_len", c_uint32),
        ("jited_prog_insns", c_uint64),
        ("xlated_prog_insns", c_uint64),
        ("load_time", c_uint64),
        ("created_by_uid", c_uint32),
        ("nr_map_ids", c_uint32),
        ("map_ids", c_uint64),
        ("name", c_char * BPF_OBJ_NAME_LEN),
        ("ifindex", c_uint32),
        ("gpl_compatible", c_uint32, 1),
        ("netns_dev", c_uint64),
        ("netns_ino", c_uint64),
        ("nr_jited_ksyms", c_uint32),
        ("nr_jited_func_lens", c_uint32),
        ("jited_ksyms", c_uint64),
        ("jited_func_lens", c_uint64),
        ("btf_id", c_uint32),
        ("func_info_rec_size", c_uint32),
        ("func_info", c_uint64),
        ("nr_func_info", c_uint32),
        ("nr_line_info", c_uint32),
        ("line_info", c_uint64),
        ("jited_line_info", c_uint64),
        ("nr_jited_line_info", c_uint32),
        ("line_info_rec_size", c_uint32),
        ("jited_line_info_rec_size", c_uint32),
        ("nr_prog_tags", c_uint32),
        ("prog_tags", c_uint64),
        ("run_time_ns", c_uint64),
        ("run_cnt", c_uint64),
        ("recursion_misses", c_uint64),
        ("verified_insns", c_uint32),
        ("attach_btf_obj_id", c_uint32),
        ("attach_btf_id", c_uint32),
    ]


class BpfMapInfo(Structure):
    """struct bpf_map_info, with all members up to ``map_extra``."""

    _fields_ = [
        ("type", c_uint32),
        ("id", c_uint32),
        ("key_size", c_uint32),
        ("value_size", c_uint32),
        ("max_entries", c_uint32),
        ("map_flags", c_uint32),
        ("name", c_char * BPF_OBJ_NAME_LEN),
        ("ifindex", c_uint32),
        ("btf_vmlinux_value_type_id", c_uint32),
        ("netns_dev", c_uint64),
        ("netns_ino", c_uint64),
        ("btf_id", c_uint32),
        ("btf_key_type_id", c_uint32),
        ("btf_value_type_id", c_uint32),
        ("btf_vmlinux_id", c_uint32),
        ("map_extra", c_uint64),
    ]


class BpfBtfInfo(Structure):
    """struct bpf_btf_info. ``btf`` and ``name`` are addresses of buffers.

    ``kernel_btf`` is set if the BTF describes the kernel or one of its modules (5.11).
    """

    _fields_ = [
        ("btf", c_uint64),
        ("btf_size", c_uint32),
        ("id", c_uint32),
        ("name", c_uint64),
        ("name_len", c_uint32),
        ("kernel_btf", c_uint32),
    ]
