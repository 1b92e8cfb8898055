"""bpf(2) for batches of map entries (5.6), which replace two calls per entry.

An iteration continues where the previous call stopped. The position, which is a bucket number (for
hash tables) or a key, is returned in ``out_batch`` and passed to the next call in ``in_batch``. The
kernel sets ``count`` to the number of entries processed, even if an error occurs.

    ENOENT     │ the end; ``count`` entries came before it
    ENOSPC     │ the next bucket has more entries than fit into the buffers
    ENOTSUPP   │ not supported for this map type; EINVAL before 5.6, where the command is unknown
"""

from __future__ import annotations

import ctypes
import errno
from typing import NamedTuple

from rawbpf.errors import ENOTSUPP, KernelError
from rawbpf.syscall.bpf import command
from rawbpf.syscall.gate import Attr
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import BpfAttrBatch

__all__ = ["NO_BATCHES", "Batch", "map_delete_batch", "map_lookup_batch", "map_update_batch"]

NO_BATCHES = (ENOTSUPP, errno.EINVAL, errno.EOPNOTSUPP)
"""Errnos with which kernels fail if they or their maps do not support batches."""

_SMALLEST_CURSOR = 8


class Batch(NamedTuple):
    """Keys and values without gaps, their number, and the next position (None at the end)."""

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
    """Return up to ``room`` entries starting at ``cursor``, and delete them if ``delete`` is set.

    The function calls BPF_MAP_LOOKUP_BATCH or BPF_MAP_LOOKUP_AND_DELETE_BATCH. ``cursor`` is None
    for the first batch. Raises KernelError with ENOSPC (``room`` is too small), ENOTSUPP, EINVAL or
    EINTR (entries changed too fast).
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
    """Write ``count`` entries (BPF_MAP_UPDATE_BATCH), and return the number of entries written.

    Fewer than ``count`` entries are written if the map becomes full (E2BIG). Raises KernelError
    with an errno for a single entry, or with ENOTSUPP or EINVAL.
    """
    attr = Attr(BpfAttrBatch(map_fd=fd, count=count, elem_flags=flags))
    return _moved(bpf_cmd.BPF_MAP_UPDATE_BATCH, attr.point("keys", keys).point("values", values))


def map_delete_batch(fd: int, keys: bytes, count: int) -> int:
    """Delete keys (BPF_MAP_DELETE_BATCH).

    Delete keys, and return the number of keys before the first one that does not exist.
    """
    attr = Attr(BpfAttrBatch(map_fd=fd, count=count)).point("keys", keys)
    return _moved(bpf_cmd.BPF_MAP_DELETE_BATCH, attr)


def _moved(cmd: bpf_cmd, attr: Attr[BpfAttrBatch]) -> int:
    """Return the count. Other errors may leave ``count`` unchanged, so they are raised."""
    given = attr.struct.count
    try:
        command(cmd, attr.ends_at("flags"))
    except KernelError as error:
        moved = int(attr.struct.count)
        if error.errno not in (errno.E2BIG, errno.ENOENT) or moved >= given:
            raise
        return moved
    return int(attr.struct.count)
