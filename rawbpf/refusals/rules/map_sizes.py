"""Rules RB-E021 to RB-E023, which cover the sizes of keys and values and the number of entries."""

from __future__ import annotations

import errno
import resource
from typing import TYPE_CHECKING

from rawbpf.kernel.hardware import possible_cpus
from rawbpf.refusals.rule import Found, Rule
from rawbpf.specs.map_spec import map_kind
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type
from rawbpf.uapi.map_sizes import LPM_KEYS, SIZES

if TYPE_CHECKING:
    from rawbpf.refusals.failed_call import FailedCall
    from rawbpf.uapi.map_sizes import Sizes

__all__ = ["RULES", "plain_map", "sizes_of", "smallest", "wants_more"]

_CREATE = (bpf_cmd.BPF_MAP_CREATE,)
_LARGEST_KEY = 512  # MAX_BPF_STACK; since 5.18, larger keys are allowed
_DEEPEST = 127  # the default value of kernel.perf_event_max_stack
_LARGEST_PERCPU = 32 << 10  # PCPU_MIN_UNIT_SIZE, the largest possible per-CPU allocation
_RINGS = (bpf_map_type.BPF_MAP_TYPE_RINGBUF, bpf_map_type.BPF_MAP_TYPE_USER_RINGBUF)


def sizes_of(call: FailedCall) -> Sizes | None:
    """Return the sizes that the map type allows, or None if they are unknown."""
    return SIZES.get(call["map_type"])


def wants_more(number: int) -> bool:
    """Return whether a map type requires an inner map or BTF, so that a plain map always fails."""
    kind = map_kind(number)
    is_struct = number == bpf_map_type.BPF_MAP_TYPE_STRUCT_OPS
    return is_struct or kind.holds == "map" or bool(kind.keyed_by)


def smallest(kind: int) -> int:
    """Return the minimum number of entries that a map type allows."""
    sizes = SIZES[kind]
    if sizes.entries:
        return sizes.entries[0]
    return resource.getpagesize() if sizes.key == sizes.value == (0,) else 1


def plain_map(kind: int) -> dict[str, int]:
    """Return the fields of the smallest valid map of a type."""
    sizes = SIZES[kind]
    return {
        "key_size": sizes.key[0] if sizes.key else 8,
        "value_size": sizes.value[0] if sizes.value else 8,
        "max_entries": smallest(kind),
        "map_flags": int(sizes.need), "inner_map_fd": 0, "numa_node": 0, "map_ifindex": 0,
        "btf_fd": 0, "btf_key_type_id": 0, "btf_value_type_id": 0,
        "btf_vmlinux_value_type_id": 0, "map_extra": 0, "value_type_btf_obj_fd": 0,
        "map_token_fd": 0,
    }  # fmt: skip


def _set(field: str, number: int, sentence: str) -> Found:
    return Found(sentence, change=f"set {field} to {number}", fields={field: number})


def _key_size(call: FailedCall) -> Found | None:
    size, kind = call["key_size"], call.name("map_type")
    wanted = sizes_of(call)
    if wanted is None:
        return None
    if call["map_type"] == bpf_map_type.BPF_MAP_TYPE_LPM_TRIE:
        least, most = LPM_KEYS
        if least <= size <= most:
            return None
        change = f"use 4 bytes for the prefix length, and 1 to {most - 4} for the prefix"
        sentence = f"key_size is {size}, but keys of {kind} must be {least} to {most} bytes long"
        return Found(sentence, change=change, fields={"key_size": min(max(size, least), most)})
    if wanted.key:
        return None if size in wanted.key else _fixed_key(kind, size, wanted.key)
    if not size:
        change = "set key_size to the size of a key in bytes"
        return Found(f"key_size is 0, but {kind} has keys", change=change, fields={"key_size": 4})
    if size > _LARGEST_KEY and call.accepts(key_size=_LARGEST_KEY):
        change = f"use keys of at most {_LARGEST_KEY} bytes, such as a hash of the longer key"
        sentence = f"key_size is {size}, but this kernel allows at most {_LARGEST_KEY} bytes"
        return Found(sentence, change=change, fields={"key_size": _LARGEST_KEY})
    return None


def _fixed_key(kind: str, size: int, wanted: tuple[int, ...]) -> Found:
    if wanted == (0,):
        return _set("key_size", 0, f"key_size is {size}, but {kind} has no keys")
    sizes = " or ".join(map(str, wanted))
    return _set(
        "key_size", wanted[0], f"key_size is {size}, but keys of {kind} must be {sizes} bytes long"
    )


def _value_size(call: FailedCall) -> Found | None:
    size, kind = call["value_size"], call.name("map_type")
    wanted = sizes_of(call)
    if wanted is None:
        return None
    if wanted.value:
        if size in wanted.value:
            return None
        sizes = " or ".join(map(str, wanted.value))
        sentence = f"value_size is {size}, but values of {kind} must be {sizes} bytes long"
        return _set("value_size", wanted.value[0], sentence)
    if not size:
        change = "set value_size to the size of a value in bytes"
        sentence = f"value_size is 0, but {kind} has values"
        return Found(sentence, change=change, fields={"value_size": 8})
    if call["map_type"] == bpf_map_type.BPF_MAP_TYPE_STACK_TRACE:
        return _stack_size(call, size)
    if size > _LARGEST_PERCPU and "PERCPU" in kind and call.accepts(value_size=_LARGEST_PERCPU):
        sentence = (
            f"value_size is {size}, but values of {kind} may be at most {_LARGEST_PERCPU} "
            "bytes long"
        )
        change = "use smaller values, or a map that is not per-CPU"
        return Found(sentence, change=change, fields={"value_size": _LARGEST_PERCPU})
    return None


def _stack_size(call: FailedCall, size: int) -> Found | None:
    good = min(max(size // 8, 1), _DEEPEST) * 8
    if not call.accepts(value_size=good):
        return None
    sentence = f"value_size is {size}, but a stack consists of 1 to {_DEEPEST} addresses of 8 bytes"
    return _set("value_size", good, sentence)


def _max_entries(call: FailedCall) -> Found | None:
    count, kind = call["max_entries"], call.name("map_type")
    wanted = sizes_of(call)
    if wanted is None:
        return None
    if call["map_type"] in _RINGS:
        return _ring_size(kind, count)
    if wanted.entries and count not in wanted.entries:
        only = wanted.entries[0]
        return _set("max_entries", only, f"max_entries is {count}, but must be {only} for {kind}")
    if call["map_type"] == bpf_map_type.BPF_MAP_TYPE_CPUMAP and count > len(possible_cpus()):
        sentence = f"max_entries is {count}, but {kind} has at most one entry per CPU"
        return _set("max_entries", len(possible_cpus()), sentence)
    if not wanted.entries and not count:
        change = "set max_entries to the number of entries that you need"
        sentence = f"max_entries is 0, but {kind} needs room for entries"
        return Found(sentence, change=change, fields={"max_entries": 1})
    return None


def _ring_size(kind: str, count: int) -> Found | None:
    page = resource.getpagesize()
    if count >= page and not count & (count - 1):
        return None
    good = max(page, 1 << (count - 1).bit_length()) if count else page
    return Found(
        f"max_entries is {count}, but {kind} needs a power of two that is at least one page "
        f"({page})",
        change=f"set max_entries to {good}",
        fields={"max_entries": min(good, 1 << 31)},
    )


RULES = (
    Rule(
        code="RB-E021",
        title="Invalid key size",
        calls=_CREATE,
        errnos=(errno.EINVAL, errno.E2BIG),
        meaning=(
            "The keys of an array are 4-byte indexes. Queues, stacks and ring buffers have "
            "no keys. The keys of a hash table are 1 to 512 bytes long, or longer from 5.18 "
            "on."
        ),
        reason=(
            "A program builds a key on its stack, which is 512 bytes long. If the kernel "
            "defines the format of a key, a size that does not match must be a mistake."
        ),
        example="An array with 8-byte keys.",
        explain=_key_size,
    ),
    Rule(
        code="RB-E022",
        title="Invalid value size",
        calls=_CREATE,
        errnos=(errno.EINVAL, errno.E2BIG),
        meaning=(
            "Values in maps of programs, maps, sockets and perf events are four bytes long: "
            "a file descriptor when the value is written, and an ID when it is read. Ring "
            "buffers have no values. A stack trace has eight bytes for each frame. Values "
            "in per-CPU maps are at most 32 kB long."
        ),
        reason=(
            "If the kernel defines the format of a value, a size that does not match must be "
            "a mistake. "
            "Per-CPU memory comes from a small pool of contiguous pages."
        ),
        example="A program array with 8-byte values.",
        explain=_value_size,
    ),
    Rule(
        code="RB-E023",
        title="Invalid number of entries",
        calls=_CREATE,
        errnos=(errno.EINVAL, errno.E2BIG),
        meaning=(
            "max_entries is the number of entries that the map has room for. For a ring "
            "buffer, it is the size in bytes: a power of two, and at least one page. For "
            "socket, inode, task and cgroup storage maps, it is 0, because each "
            "of these objects has its own entry."
        ),
        reason=(
            "The kernel finds a position in a ring buffer by masking off the upper bits of a "
            "counter. The buffer is mapped in whole pages, twice, back to back."
        ),
        example="A ring buffer with a size of 5000 bytes.",
        explain=_max_entries,
    ),
)
