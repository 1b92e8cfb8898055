"""Explain failed operations on map entries. The meaning of an errno depends on the map type."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP, KernelError, MissingKeyError
from rawbpf.kernel.call_error import call_error
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["entry_error", "missing_key"]

_UNSUPPORTED = (ENOTSUPP, errno.EOPNOTSUPP)
_OBJECTS = {"map": "map", "prog": "program"}
_ARRAYS = (bpf_map_type.BPF_MAP_TYPE_ARRAY, bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY)


def missing_key(spec: MapSpec, key: object) -> MissingKeyError:
    """Return the error for a key that does not exist."""
    what = f"map {spec.name!r} has no key {key!r}"
    if spec.kind.keyless:
        what = f"map {spec.name!r} is empty"
    elif spec.map_type in _ARRAYS:
        what = f"map {spec.name!r} has no index {key!r} (max_entries = {spec.max_entries})"
    return MissingKeyError(what)


def entry_error(
    doing: str, spec: MapSpec, key: object, error: KernelError, *, frozen: bool = False
) -> KernelError:
    """Return an error that explains why an operation failed (MissingKeyError for ENOENT).

    ``doing`` completes the phrase "cannot ... map 'm'". ``frozen`` explains EPERM.
    """
    number, kind = error.errno or 0, spec.kind
    if number == errno.ENOENT:
        return missing_key(spec, key)
    what = f"cannot {doing} map {spec.name!r}"
    if number == errno.E2BIG and (kind.dense or kind.holds) and "hash" not in kind.word:
        why = f"index {key!r} is out of range (max_entries = {spec.max_entries})"
    elif number == errno.E2BIG:
        why = f"the map is full (max_entries = {spec.max_entries})"
    elif number in _UNSUPPORTED or (number == errno.EINVAL and (kind.keyless or kind.dense)):
        why = f"maps of type {kind.word} do not support this operation"
    elif number in (errno.EINVAL, errno.EBADF) and kind.holds in _OBJECTS:
        why = f"the value is not a compatible {_OBJECTS[kind.holds]}"
    elif number == errno.EEXIST:
        why = f"key {key!r} already exists"
    elif number == errno.EPERM and frozen:
        why = "the map is frozen, so user space can only read the map"
    elif number == errno.EPERM and spec.map_flags & bpf_map_flags.BPF_F_RDONLY:
        why = "the map is read-only for user space (BPF_F_RDONLY)"
    elif number == errno.EPERM and spec.map_flags & bpf_map_flags.BPF_F_WRONLY:
        why = "the map is write-only for user space (BPF_F_WRONLY)"
    else:
        return call_error(what, error)
    return KernelError(what, errno=number, call=error.call, why=why)
