"""Why the kernel refuses an entry: the same errno means other things to other types of map."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import ENOTSUPP, KernelError, MissingKeyError
from rawbpf.kernel.call_error import call_error
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type

if TYPE_CHECKING:
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["explain", "missing"]

_CANNOT = (ENOTSUPP, errno.EOPNOTSUPP)
_HELD = {"map": "map", "prog": "program"}
_ARRAYS = (bpf_map_type.BPF_MAP_TYPE_ARRAY, bpf_map_type.BPF_MAP_TYPE_PERCPU_ARRAY)


def missing(spec: MapSpec, key: object) -> MissingKeyError:
    """``m[key]`` where nothing is."""
    what = f"map {spec.name!r} has no key {key!r}"
    if spec.kind.keyless:
        what = f"map {spec.name!r} is empty"
    elif spec.map_type in _ARRAYS:
        what = f"map {spec.name!r} has {spec.max_entries} entries, and none at {key!r}"
    return MissingKeyError(what)


def explain(
    doing: str, spec: MapSpec, key: object, error: KernelError, *, frozen: bool = False
) -> KernelError:
    """The refusal of an update, a deletion or a walk (``doing``), in the map's terms."""
    number, kind = error.errno or 0, spec.kind
    if number == errno.ENOENT:
        return missing(spec, key)
    what = f"cannot {doing} map {spec.name!r}"
    if number == errno.E2BIG and (kind.dense or kind.holds) and "hash" not in kind.word:
        why = f"index {key!r} is beyond its {spec.max_entries} entries"
    elif number == errno.E2BIG:
        why = f"it is full: it has room for {spec.max_entries} entries (max_entries)"
    elif number in _CANNOT or (number == errno.EINVAL and (kind.keyless or _is_dense(spec))):
        why = f"the kernel does not do that with a map of type {kind.word}"
    elif number in (errno.EINVAL, errno.EBADF) and kind.holds in _HELD:
        why = f"the value is no {_HELD[kind.holds]} that fits into it"
    elif number == errno.EEXIST:
        why = f"the key {key!r} is there already"
    elif number == errno.EPERM and frozen:
        why = "it is frozen: user space may only read it"
    elif number == errno.EPERM and spec.map_flags & bpf_map_flags.BPF_F_RDONLY:
        why = "it was made for user space to read only (BPF_F_RDONLY)"
    elif number == errno.EPERM and spec.map_flags & bpf_map_flags.BPF_F_WRONLY:
        why = "it was made for user space to write only (BPF_F_WRONLY)"
    else:
        return call_error(what, error)
    return KernelError(what, errno=number, call=error.call, why=why)


def _is_dense(spec: MapSpec) -> bool:
    """Whether all keys are there always, so that none can be deleted."""
    return spec.kind.dense
