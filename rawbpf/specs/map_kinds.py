"""Every type of map: since when, what its keys and values are, what holds for it.

One table for all who ask: how to read a value, what BPF_MAP_CREATE is told, and the reference page.
Sources: the commits that brought the types; kernel/bpf/*map*.c for the sizes and refusals.

>>> KINDS[bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY].per_cpu
True
"""

from __future__ import annotations

from typing import NamedTuple

from rawbpf.uapi.bpf import bpf_map_type

__all__ = ["KINDS", "Kind", "kind_of"]


class Kind(NamedTuple):
    """One type. ``since``: the first kernel. ``key``, ``value``: the rule in words.

    ``per_cpu``: a value for each possible CPU. ``typed``: BPF_MAP_CREATE takes BTF for it.
    ``holds``: values are other objects, "map", "prog" or "fd" (any descriptor). ``keyed_by``: "fd"
    if keys are descriptors. ``keyless``: no keys, as of queues; ``dense``: has all keys, always.
    """

    type: bpf_map_type
    since: str
    key: str
    value: str
    per_cpu: bool = False
    typed: bool = True
    holds: str = ""
    keyed_by: str = ""
    keyless: bool = False
    dense: bool = False

    @property
    def word(self) -> str:
        """Its name as people write it: ``percpu_hash``."""
        return self.type.name.removeprefix("BPF_MAP_TYPE_").removesuffix("_DEPRECATED").lower()


_T = bpf_map_type
_ANY = "any; before 5.11 up to 512 bytes"
_INDEX = "u32, from 0 to entries - 1"
_CPU = "any; one for each possible CPU"
_FD = "u32: a descriptor when written, an id when read"

# A table: one row a line reads better than what the formatter makes of it.
# fmt: off
_ROWS = (
    Kind(_T.BPF_MAP_TYPE_HASH, "3.19", _ANY, "any"),
    Kind(_T.BPF_MAP_TYPE_ARRAY, "3.19", _INDEX, "any; 0 until it is written", dense=True),
    Kind(_T.BPF_MAP_TYPE_PROG_ARRAY, "4.2", _INDEX, _FD, typed=False, holds="prog"),
    Kind(_T.BPF_MAP_TYPE_PERF_EVENT_ARRAY, "4.3", _INDEX, "u32: the descriptor of a perf event; "
         "cannot be read", typed=False, holds="fd"),
    Kind(_T.BPF_MAP_TYPE_PERCPU_HASH, "4.6", _ANY, _CPU, per_cpu=True),
    Kind(_T.BPF_MAP_TYPE_PERCPU_ARRAY, "4.6", _INDEX, _CPU, per_cpu=True, dense=True),
    Kind(_T.BPF_MAP_TYPE_STACK_TRACE, "4.6", "u32: what bpf_get_stackid returned",
         "u64 for each frame: addresses, or build ids", typed=False),
    Kind(_T.BPF_MAP_TYPE_CGROUP_ARRAY, "4.8", _INDEX, "u32: the descriptor of a cgroup; cannot be "
         "read", typed=False, holds="fd"),
    Kind(_T.BPF_MAP_TYPE_LRU_HASH, "4.10", _ANY, "any; the longest unused go when it is full"),
    Kind(_T.BPF_MAP_TYPE_LRU_PERCPU_HASH, "4.10", _ANY, _CPU, per_cpu=True),
    Kind(_T.BPF_MAP_TYPE_LPM_TRIE, "4.11", "u32 prefix length in bits, then 1 to 256 bytes, the "
         "highest first; needs BPF_F_NO_PREALLOC", "any"),
    Kind(_T.BPF_MAP_TYPE_ARRAY_OF_MAPS, "4.12", _INDEX, _FD, typed=False, holds="map"),
    Kind(_T.BPF_MAP_TYPE_HASH_OF_MAPS, "4.12", _ANY, _FD, typed=False, holds="map"),
    Kind(_T.BPF_MAP_TYPE_DEVMAP, "4.14", _INDEX, "u32 interface index, from 5.8 also a u32 "
         "descriptor of an XDP program", typed=False),
    Kind(_T.BPF_MAP_TYPE_SOCKMAP, "4.14", _INDEX, "u32: the descriptor of a socket", typed=False,
         holds="fd"),
    Kind(_T.BPF_MAP_TYPE_CPUMAP, "4.15", "u32: a CPU", "u32 queue size, from 5.9 also a u32 "
         "descriptor of an XDP program", typed=False),
    Kind(_T.BPF_MAP_TYPE_XSKMAP, "4.18", _INDEX, "u32: the descriptor of an AF_XDP socket",
         typed=False, holds="fd"),
    Kind(_T.BPF_MAP_TYPE_SOCKHASH, "4.18", "any, up to 512 bytes", "u32: the descriptor of a "
         "socket", typed=False, holds="fd"),
    Kind(_T.BPF_MAP_TYPE_CGROUP_STORAGE, "4.19", "u64 cgroup id, or with a u32 attach type "
         "behind it", "any; needs entries = 0"),
    Kind(_T.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, "4.19", _INDEX, "u32 or u64: the descriptor of a "
         "socket when written, its cookie when read", typed=False, holds="fd"),
    Kind(_T.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, "4.20", "as of cgroup_storage", _CPU,
         per_cpu=True),
    Kind(_T.BPF_MAP_TYPE_QUEUE, "4.20", "none", "any: push, pop, peek; first in, first out",
         typed=False, keyless=True),
    Kind(_T.BPF_MAP_TYPE_STACK, "4.20", "none", "any: push, pop, peek; last in, first out",
         typed=False, keyless=True),
    Kind(_T.BPF_MAP_TYPE_SK_STORAGE, "5.2", "u32: the descriptor of a socket", "any; needs "
         "BTF, BPF_F_NO_PREALLOC and entries = 0", keyed_by="fd"),
    Kind(_T.BPF_MAP_TYPE_DEVMAP_HASH, "5.4", "u32", "as of devmap", typed=False),
    Kind(_T.BPF_MAP_TYPE_STRUCT_OPS, "5.6", "u32: 0", "a struct of the kernel's, by its BTF",
         dense=True),
    Kind(_T.BPF_MAP_TYPE_RINGBUF, "5.8", "none", "none: bytes to be read as they come; entries "
         "are bytes, a power of two of pages", typed=False, keyless=True),
    Kind(_T.BPF_MAP_TYPE_INODE_STORAGE, "5.10", "u32: a descriptor of a file", "as of "
         "sk_storage", keyed_by="fd"),
    Kind(_T.BPF_MAP_TYPE_TASK_STORAGE, "5.11", "u32: a pidfd", "as of sk_storage",
         keyed_by="fd"),
    Kind(_T.BPF_MAP_TYPE_BLOOM_FILTER, "5.16", "none", "any: push to add, `in` to ask; map_extra "
         "is the number of hashes", keyless=True),
    Kind(_T.BPF_MAP_TYPE_USER_RINGBUF, "6.1", "none", "none: bytes for programs to read",
         typed=False, keyless=True),
    Kind(_T.BPF_MAP_TYPE_CGRP_STORAGE, "6.2", "u32: the descriptor of a cgroup", "as of "
         "sk_storage", keyed_by="fd"),
    Kind(_T.BPF_MAP_TYPE_ARENA, "6.9", "none", "none: pages that programs and we share by mmap; "
         "entries are pages", typed=False, keyless=True),
    Kind(_T.BPF_MAP_TYPE_INSN_ARRAY, "6.19", _INDEX, "struct bpf_insn_array_value: which "
         "instruction it is for, and where that is once the program is loaded", typed=False,
         dense=True),
)
# fmt: on

KINDS = {row.type: row for row in _ROWS}
"""By type, in the order of their numbers (which is that of their age)."""


_UNKNOWN = Kind(_T.BPF_MAP_TYPE_UNSPEC, "", "", "")


def kind_of(map_type: int) -> Kind:
    """The row of a type. One that is newer than this table has no peculiarities that we know."""
    known = map_type in bpf_map_type.__members__.values()
    return KINDS.get(bpf_map_type(map_type), _UNKNOWN) if known else _UNKNOWN
