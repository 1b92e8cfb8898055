"""Read, write or delete many entries, using BPF_MAP_*_BATCH if the kernel supports it.

The kernel version determines which map types support which batch commands (hashes and arrays since
5.6, other types later). The first call therefore tries the batch command, and its errno shows how
to continue.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError
from rawbpf.syscall import bpf_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.maps.raw import RawMap

__all__ = ["delete_all", "read_all", "write_all"]

_MOST_BYTES = 1 << 20
_MOST_ENTRIES = 4096
_LARGEST_BUCKET = 1 << 20
_TRIES = 5


def read_all(one: RawMap, *, delete: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """Yield all entries; with ``delete``, which only hash tables support, remove each of them."""
    key_size, value_size = one.spec.key_size, one.value_size
    room = _room(one)
    cursor: bytes | None = None
    first, tries = True, 0
    while first or cursor is not None:
        try:
            batch = bpf_batch.map_lookup_batch(
                one.fileno(), cursor, key_size=key_size, value_size=value_size, room=room,
                delete=delete,
            )  # fmt: skip
        except KernelError as error:
            if first and error.errno in bpf_batch.NO_BATCHES:
                yield from _one_by_one(one, delete=delete)
                return
            if error.errno == errno.ENOSPC and room < _LARGEST_BUCKET:
                room *= 2  # a hash bucket contains more entries than fit into the buffer
                continue
            if error.errno == errno.EINTR and tries < _TRIES:
                tries += 1  # the entry at the cursor was deleted
                continue
            raise
        first, tries = False, 0
        for index in range(batch.moved):
            key = batch.keys[index * key_size : (index + 1) * key_size]
            yield key, batch.values[index * value_size : (index + 1) * value_size]
        cursor = batch.cursor


def _room(one: RawMap) -> int:
    """Return the number of entries to request in one call."""
    fitting = _MOST_BYTES // (one.spec.key_size + one.value_size + 1)
    return max(1, min(fitting, _MOST_ENTRIES, one.spec.max_entries or 1))


def _one_by_one(one: RawMap, *, delete: bool) -> Iterator[tuple[bytes, bytes]]:
    for key in one.raw_keys():
        try:
            value = one.take(key) if delete else one.lookup(key)
        except KernelError as error:
            if (
                error.errno != errno.ENOENT
            ):  # the entry was deleted in the meantime, or the element is empty
                raise
        else:
            yield key, value


def write_all(one: RawMap, keys: Sequence[bytes], values: Sequence[bytes], flags: int) -> int:
    """Set all entries. Return the number of entries written before the map was full."""
    if not keys:
        return 0
    fd = one.fileno()
    try:
        return bpf_batch.map_update_batch(fd, b"".join(keys), b"".join(values), len(keys), flags)
    except KernelError as error:
        if error.errno not in bpf_batch.NO_BATCHES:
            raise
    for done, (key, value) in enumerate(zip(keys, values, strict=True)):
        try:
            one.update(key, value, flags)
        except KernelError as error:
            if error.errno != errno.E2BIG:
                raise
            return done
    return len(keys)


def delete_all(one: RawMap, keys: Sequence[bytes]) -> int:
    """Delete entries.

    Return the number of entries deleted before a key was found to be missing.
    """
    if not keys:
        return 0
    try:
        return bpf_batch.map_delete_batch(one.fileno(), b"".join(keys), len(keys))
    except KernelError as error:
        if error.errno not in bpf_batch.NO_BATCHES:
            raise
    for done, key in enumerate(keys):
        try:
            one.delete(key)
        except KernelError as error:
            if error.errno != errno.ENOENT:
                raise
            return done
    return len(keys)
