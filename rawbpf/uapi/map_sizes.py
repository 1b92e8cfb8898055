"""The sizes, entry counts and flags that BPF_MAP_CREATE accepts for each map type.

Sources: the functions ``map_alloc_check`` and ``map_alloc`` of each type in kernel/bpf/ and net/.
Tests compare this table with the guest kernels.

>>> SIZES[bpf_map_type.BPF_MAP_TYPE_STACK].key
(0,)
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

__all__ = ["LPM_KEYS", "SIZES", "Sizes"]

ANY: tuple[int, ...] = ()
LPM_KEYS = (5, 260)  # minimum and maximum in bytes: a u32, followed by 1 to 256 bytes


class Sizes(NamedTuple):
    """Valid sizes of keys and values, and numbers of entries; () means any nonzero number.

    ``need`` lists flags that must be set.
    """

    key: tuple[int, ...]
    value: tuple[int, ...]
    entries: tuple[int, ...] = ANY
    need: bpf_map_flags = bpf_map_flags(0)


_T, _F = bpf_map_type, bpf_map_flags
_HASH = Sizes(ANY, ANY)
_ARRAY = Sizes((4,), ANY)
_SLOTS = Sizes((4,), (4,))
_SOCKETS = (4, 8)
_STORAGE = Sizes((4,), ANY, (0,), need=_F.BPF_F_NO_PREALLOC)
_CGROUP = Sizes((16, 8), ANY, (0,))
_QUEUE = Sizes((0,), ANY)
_RING = Sizes((0,), (0,))

SIZES: dict[int, Sizes] = {
    _T.BPF_MAP_TYPE_HASH: _HASH,
    _T.BPF_MAP_TYPE_ARRAY: _ARRAY,
    _T.BPF_MAP_TYPE_PROG_ARRAY: _SLOTS,
    _T.BPF_MAP_TYPE_PERF_EVENT_ARRAY: _SLOTS,
    _T.BPF_MAP_TYPE_PERCPU_HASH: _HASH,
    _T.BPF_MAP_TYPE_PERCPU_ARRAY: _ARRAY,
    _T.BPF_MAP_TYPE_STACK_TRACE: Sizes((4,), ANY),
    _T.BPF_MAP_TYPE_CGROUP_ARRAY: _SLOTS,
    _T.BPF_MAP_TYPE_LRU_HASH: _HASH,
    _T.BPF_MAP_TYPE_LRU_PERCPU_HASH: _HASH,
    _T.BPF_MAP_TYPE_LPM_TRIE: Sizes(ANY, ANY, need=_F.BPF_F_NO_PREALLOC),
    _T.BPF_MAP_TYPE_ARRAY_OF_MAPS: _SLOTS,
    _T.BPF_MAP_TYPE_HASH_OF_MAPS: Sizes(ANY, (4,)),
    _T.BPF_MAP_TYPE_DEVMAP: Sizes((4,), (4, 8)),
    _T.BPF_MAP_TYPE_SOCKMAP: Sizes((4,), _SOCKETS),
    _T.BPF_MAP_TYPE_CPUMAP: Sizes((4,), (4, 8)),
    _T.BPF_MAP_TYPE_XSKMAP: Sizes((4,), (4,)),
    _T.BPF_MAP_TYPE_SOCKHASH: Sizes(ANY, _SOCKETS),
    _T.BPF_MAP_TYPE_CGROUP_STORAGE: _CGROUP,
    _T.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY: Sizes((4,), _SOCKETS),
    _T.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE: _CGROUP,
    _T.BPF_MAP_TYPE_QUEUE: _QUEUE,
    _T.BPF_MAP_TYPE_STACK: _QUEUE,
    _T.BPF_MAP_TYPE_SK_STORAGE: _STORAGE,
    _T.BPF_MAP_TYPE_DEVMAP_HASH: Sizes((4,), (4, 8)),
    _T.BPF_MAP_TYPE_STRUCT_OPS: Sizes((4,), ANY, (1,)),
    _T.BPF_MAP_TYPE_RINGBUF: _RING,
    _T.BPF_MAP_TYPE_INODE_STORAGE: _STORAGE,
    _T.BPF_MAP_TYPE_TASK_STORAGE: _STORAGE,
    _T.BPF_MAP_TYPE_BLOOM_FILTER: _QUEUE,
    _T.BPF_MAP_TYPE_USER_RINGBUF: _RING,
    _T.BPF_MAP_TYPE_CGRP_STORAGE: _STORAGE,
    _T.BPF_MAP_TYPE_ARENA: Sizes((0,), (0,), need=_F.BPF_F_MMAPABLE),
    _T.BPF_MAP_TYPE_INSN_ARRAY: Sizes((4,), (16,)),
}
