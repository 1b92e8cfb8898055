"""bpf(2) for many entries of a map at once (5.6): one call instead of two for each entry.

A walk goes on where the last call stopped. Where that is, ``out_batch`` tells and ``in_batch``
takes: the number of a bucket (hash tables) or a key. The kernel changes ``count`` to the number of
entries that were moved, also when it ends with an error.

    ENOENT      the end; ``count`` entries came before it
    ENOSPC      the next bucket has more entries than there is room for
    ENOTSUPP    this map has no such walk; before 5.6 it is EINVAL, as the command is unknown
"""

from __future__ import annotations

import ctypes
import errno
from typing import NamedTuple

from rawbpf.errors import ENOTSUPP, KernelError
from rawbpf.syscall.attr import Attr
from rawbpf.syscall.bpf import command
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import BpfAttrBatch

__all__ = ["NO_BATCHES", "Batch", "map_delete_batch", "map_lookup_batch", "map_update_batch"]

NO_BATCHES = (ENOTSUPP, errno.EINVAL, errno.EOPNOTSUPP)
"""What is answered where a map, or the kernel, does not know of batches."""

_SMALLEST_CURSOR = 8


class Batch(NamedTuple):
    """Keys and values, one behind the other, and where to go on (None: this was all)."""

    keys: bytes
    values: bytes
    moved: int
    cursor: bytes | None


def map_lookup_batch(
    fd: int,
    cursor: bytes | None,
    *,
    key_size: int,
    value_size: int,
    room: int,
    delete: bool = False,
) -> Batch:
    """BPF_MAP_LOOKUP_BATCH, or ..._AND_DELETE_BATCH; ``cursor`` is None at the beginning.

    Errors: ENOSPC (``room`` is too small), ENOTSUPP, EINVAL, EINTR (entries went too fast).
    """
    keys = ctypes.create_string_buffer(room * key_size)
    values = ctypes.create_string_buffer(room * value_size)
    following = ctypes.create_string_buffer(max(key_size, _SMALLEST_CURSOR))
    attr = Attr(BpfAttrBatch(map_fd=fd, count=room))
    attr.point("keys", keys).point("values", values).point("out_batch", following)
    if cursor is not None:
        attr.point("in_batch", cursor)
    cmd = bpf_cmd.BPF_MAP_LOOKUP_AND_DELETE_BATCH if delete else bpf_cmd.BPF_MAP_LOOKUP_BATCH
    ended = False
    try:
        command(cmd, attr.ends_at("flags"))
    except KernelError as error:
        if error.errno != errno.ENOENT:
            raise
        ended = True
    count = attr.struct.count
    parts = keys.raw[: count * key_size], values.raw[: count * value_size]
    return Batch(*parts, count, None if ended else following.raw)


def map_update_batch(fd: int, keys: bytes, values: bytes, count: int, flags: int = 0) -> int:
    """BPF_MAP_UPDATE_BATCH of ``count`` entries: how many there was room for.

    Less than ``count``: the map is full (E2BIG). Errors: as for one entry, ENOTSUPP, EINVAL.
    """
    attr = Attr(BpfAttrBatch(map_fd=fd, count=count, elem_flags=flags))
    return _moved(bpf_cmd.BPF_MAP_UPDATE_BATCH, attr.point("keys", keys).point("values", values))


def map_delete_batch(fd: int, keys: bytes, count: int) -> int:
    """BPF_MAP_DELETE_BATCH: how many were deleted before the first that is not there (ENOENT)."""
    attr = Attr(BpfAttrBatch(map_fd=fd, count=count)).point("keys", keys)
    return _moved(bpf_cmd.BPF_MAP_DELETE_BATCH, attr)


def _moved(cmd: bpf_cmd, attr: Attr[BpfAttrBatch]) -> int:
    """The count. Of other errors it may be what it was before, so they are raised."""
    given = attr.struct.count
    try:
        command(cmd, attr.ends_at("flags"))
    except KernelError as error:
        moved = int(attr.struct.count)
        if error.errno not in (errno.E2BIG, errno.ENOENT) or moved >= given:
            raise
        return moved
    return int(attr.struct.count)
