"""RB-E021: keys of a size that the type of map does not have."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.refusals.calls import sizes_of
from rawbpf.refusals.rule import Found, Rule
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type
from rawbpf.uapi.map_sizes import LPM_KEYS

if TYPE_CHECKING:
    from rawbpf.refusals.asked import Asked

_LARGEST = 512  # MAX_BPF_STACK, where a program puts a key together; from 5.18 more is taken


def _explain(asked: Asked) -> Found | None:
    size, kind = asked["key_size"], asked.name("map_type")
    wanted = sizes_of(asked)
    if wanted is None:
        return None
    if asked["map_type"] == bpf_map_type.BPF_MAP_TYPE_LPM_TRIE:
        least, most = LPM_KEYS
        if least <= size <= most:
            return None
        change = f"give the prefix length 4 bytes, and the prefix 1 to {most - 4}"
        sentence = f"key_size is {size}, and the keys of {kind} have {least} to {most} bytes"
        return Found(sentence, change=change, fields={"key_size": min(max(size, least), most)})
    if wanted.key:
        return None if size in wanted.key else _fixed(kind, size, wanted.key)
    if not size:
        sentence = f"key_size is 0, and {kind} has keys"
        return Found(sentence, change="give a key's size in bytes", fields={"key_size": 4})
    if size > _LARGEST and asked.accepts(key_size=_LARGEST):
        change = f"use keys of at most {_LARGEST} bytes, such as a hash of the longer one"
        sentence = f"key_size is {size}, and this kernel takes keys of {_LARGEST} bytes at most"
        return Found(sentence, change=change, fields={"key_size": _LARGEST})
    return None


def _fixed(kind: str, size: int, wanted: tuple[int, ...]) -> Found:
    words = (
        "has no keys" if wanted == (0,) else f"has keys of {' or '.join(map(str, wanted))} bytes"
    )
    fields = {"key_size": wanted[0]}
    return Found(
        f"key_size is {size}, and {kind} {words}", (), f"make key_size {wanted[0]}", fields
    )


RULE = Rule(
    code="RB-E021",
    title="Keys of a size that the map does not have",
    calls=(bpf_cmd.BPF_MAP_CREATE,),
    errnos=(errno.EINVAL, errno.E2BIG),
    meaning=(
        "The keys of an array are indexes, of four bytes; queues, stacks and ring buffers have "
        "none; those of a hash table have any size but 0, up to 512 bytes (more from 5.18)."
    ),
    reason=(
        "A program puts a key together on its stack, which has 512 bytes. Where the kernel knows "
        "what a key is, another size could only be a mistake."
    ),
    example="An array with a key of 8 bytes.",
    explain=_explain,
)
