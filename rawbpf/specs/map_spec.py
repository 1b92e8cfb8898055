"""Map specifications, and the table of map types.

The table is used to decode keys and values, to fill in BPF_MAP_CREATE, and to generate
docs/reference/maps.md. The sources are the commits that added the map types, and kernel/bpf/*map*.c
for the accepted sizes.
"""

from __future__ import annotations

from rawbpf.light_typing import TYPE_CHECKING, NamedTuple
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAP_KINDS", "MapKind", "MapSpec", "map_kind"]


class MapSpec(NamedTuple):
    """The parameters of BPF_MAP_CREATE.

    Sizes are in bytes; ``value_size`` is the size of one CPU's value.

    ``key_type`` and ``value_type`` are the names of integer types such as "u32", or empty if only
    the sizes are known. In an object file, BTF IDs describe keys and values instead. These IDs
    refer to the object's BTF.

    ``inner`` is the spec of the inner maps of a map of maps. ``initial`` fills slots when the
    object is loaded: index -> name of a program (program array) or of a map (map of maps). A
    ``pinned`` map is shared under its name in bpffs (LIBBPF_PIN_BY_NAME).

    >>> hits = MapSpec("hits", bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, max_entries=1)
    >>> hits._replace(max_entries=16).max_entries
    16
    """

    name: str
    map_type: bpf_map_type
    key_size: int
    value_size: int
    max_entries: int
    map_flags: bpf_map_flags = bpf_map_flags(0)
    btf_key_type_id: int = 0
    btf_value_type_id: int = 0
    key_type: str = ""
    value_type: str = ""
    inner: MapSpec | None = None
    initial: Mapping[int, str] = {}
    pinned: bool = False
    numa_node: int = 0
    map_extra: int = 0

    @property
    def kind(self) -> MapKind:
        """Return the properties of this map's type.

        >>> MapSpec("hits", bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1).kind.per_cpu
        True
        """
        return map_kind(self.map_type)


class MapKind(NamedTuple):
    """The properties of one map type.

    ``key`` and ``value`` describe the sizes that the kernel accepts.

    ``since``    first kernel version that has the type
    ``per_cpu``  a key has one value for each possible CPU
    ``typed``    BPF_MAP_CREATE accepts BTF types for it
    ``holds``    values refer to objects: "map", "prog", or "fd" (any file descriptor)
    ``keyed_by`` "fd" if keys are file descriptors
    ``keyless``  there are no keys, as in a queue
    ``dense``    every key always exists, as in an array
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
        """Return the usual name of this map's type.

        >>> MAP_KINDS[bpf_map_type.BPF_MAP_TYPE_PERCPU_HASH].word
        'percpu_hash'
        """
        return self.type.name.removeprefix("BPF_MAP_TYPE_").removesuffix("_DEPRECATED").lower()


_T = bpf_map_type
_ANY = "any type; before 5.11, up to 512 bytes"
_INDEX = "u32, from 0 to max_entries - 1"
_CPU = "any type; one value per possible CPU"
_FD = "u32: file descriptor when written, ID when read"
_AS_SK = "the same as for sk_storage"

# one row per type, which is more readable than what the formatter produces. fmt: off
_ROWS = (
    MapKind(_T.BPF_MAP_TYPE_HASH, "3.19", _ANY, "any"),
    MapKind(_T.BPF_MAP_TYPE_ARRAY, "3.19", _INDEX, "any type; initially 0", dense=True),
    MapKind(_T.BPF_MAP_TYPE_PROG_ARRAY, "4.2", _INDEX, _FD, typed=False, holds="prog"),
    MapKind(
        _T.BPF_MAP_TYPE_PERF_EVENT_ARRAY,
        "4.3",
        _INDEX,
        "u32: file descriptor of a perf event; cannot be read",
        typed=False,
        holds="fd",
    ),
    MapKind(_T.BPF_MAP_TYPE_PERCPU_HASH, "4.6", _ANY, _CPU, per_cpu=True),
    MapKind(_T.BPF_MAP_TYPE_PERCPU_ARRAY, "4.6", _INDEX, _CPU, per_cpu=True, dense=True),
    MapKind(
        _T.BPF_MAP_TYPE_STACK_TRACE,
        "4.6",
        "u32: return value of bpf_get_stackid",
        "one u64 per frame: an address, or a build ID",
        typed=False,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_CGROUP_ARRAY,
        "4.8",
        _INDEX,
        "u32: file descriptor of a cgroup; cannot be read",
        typed=False,
        holds="fd",
    ),
    MapKind(
        _T.BPF_MAP_TYPE_LRU_HASH,
        "4.10",
        _ANY,
        "any type; the least recently used entries are evicted when the map is full",
    ),
    MapKind(_T.BPF_MAP_TYPE_LRU_PERCPU_HASH, "4.10", _ANY, _CPU, per_cpu=True),
    MapKind(
        _T.BPF_MAP_TYPE_LPM_TRIE,
        "4.11",
        "u32 prefix length in bits, then 1 to 256 bytes of prefix in network byte order; needs "
        "BPF_F_NO_PREALLOC",
        "any",
    ),
    MapKind(_T.BPF_MAP_TYPE_ARRAY_OF_MAPS, "4.12", _INDEX, _FD, typed=False, holds="map"),
    MapKind(_T.BPF_MAP_TYPE_HASH_OF_MAPS, "4.12", _ANY, _FD, typed=False, holds="map"),
    MapKind(
        _T.BPF_MAP_TYPE_DEVMAP,
        "4.14",
        _INDEX,
        "u32 interface index, followed (since 5.8) by an optional u32 file "
        "descriptor of an XDP program",
        typed=False,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_SOCKMAP,
        "4.14",
        _INDEX,
        "u32: file descriptor of a socket",
        typed=False,
        holds="fd",
    ),
    MapKind(
        _T.BPF_MAP_TYPE_CPUMAP,
        "4.15",
        "u32: CPU number",
        "u32 queue size, followed (since 5.9) by an optional u32 file descriptor of an XDP program",
        typed=False,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_XSKMAP,
        "4.18",
        _INDEX,
        "u32: file descriptor of an AF_XDP socket",
        typed=False,
        holds="fd",
    ),
    MapKind(
        _T.BPF_MAP_TYPE_SOCKHASH,
        "4.18",
        "any type; up to 512 bytes",
        "u32: file descriptor of a socket",
        typed=False,
        holds="fd",
    ),
    MapKind(
        _T.BPF_MAP_TYPE_CGROUP_STORAGE,
        "4.19",
        "u64 cgroup ID, or u64 cgroup ID and u32 attach type",
        ("any type; max_entries must be 0"),
    ),
    MapKind(
        _T.BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
        "4.19",
        _INDEX,
        "u32 or u64: file descriptor of a socket when written, socket cookie when read",
        typed=False,
        holds="fd",
    ),
    MapKind(
        _T.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE,
        "4.20",
        "the same as for cgroup_storage",
        _CPU,
        per_cpu=True,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_QUEUE,
        "4.20",
        "none",
        "any type; push, pop and peek; first in, first out",
        typed=False,
        keyless=True,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_STACK,
        "4.20",
        "none",
        "any type; push, pop and peek; last in, first out",
        typed=False,
        keyless=True,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_SK_STORAGE,
        "5.2",
        "u32: file descriptor of a socket",
        "any type; needs BTF types, BPF_F_NO_PREALLOC and max_entries = 0",
        keyed_by="fd",
    ),
    MapKind(_T.BPF_MAP_TYPE_DEVMAP_HASH, "5.4", "u32", "the same as for devmap", typed=False),
    MapKind(
        _T.BPF_MAP_TYPE_STRUCT_OPS,
        "5.6",
        "u32: 0",
        "a kernel struct, described by kernel BTF",
        dense=True,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_RINGBUF,
        "5.8",
        "none",
        "no values; user space reads a byte stream; max_entries is the size in bytes, a "
        "power of two and a multiple of the page size",
        typed=False,
        keyless=True,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_INODE_STORAGE,
        "5.10",
        "u32: file descriptor of a file",
        _AS_SK,
        keyed_by="fd",
    ),
    MapKind(_T.BPF_MAP_TYPE_TASK_STORAGE, "5.11", "u32: pidfd", _AS_SK, keyed_by="fd"),
    MapKind(
        _T.BPF_MAP_TYPE_BLOOM_FILTER,
        "5.16",
        "none",
        "any type; push adds a value, `in` tests for a value; map_extra is the number "
        "of hash functions",
        keyless=True,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_USER_RINGBUF,
        "6.1",
        "none",
        "no values; programs read a byte stream that user space writes",
        typed=False,
        keyless=True,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_CGRP_STORAGE,
        "6.2",
        "u32: file descriptor of a cgroup",
        _AS_SK,
        keyed_by="fd",
    ),
    MapKind(
        _T.BPF_MAP_TYPE_ARENA,
        "6.9",
        "none",
        "no values; the pages are shared with user space through mmap; max_entries is "
        "the number of pages",
        typed=False,
        keyless=True,
    ),
    MapKind(
        _T.BPF_MAP_TYPE_INSN_ARRAY,
        "6.19",
        _INDEX,
        "struct bpf_insn_array_value: an instruction, and its offset after loading",
        typed=False,
        dense=True,
    ),
)
# fmt: on

MAP_KINDS = {row.type: row for row in _ROWS}
"""Properties of each map type, in the order of the type numbers."""

_UNKNOWN = MapKind(_T.BPF_MAP_TYPE_UNSPEC, "", "", "")


def map_kind(map_type: int) -> MapKind:
    """Return the properties of a map type, or defaults if the type is newer than this table."""
    known = map_type in bpf_map_type.__members__.values()
    return MAP_KINDS.get(bpf_map_type(map_type), _UNKNOWN) if known else _UNKNOWN
