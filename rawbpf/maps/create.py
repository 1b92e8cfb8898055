"""BPF_MAP_CREATE from a blueprint, and a blueprint from what the kernel says of a map."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError
from rawbpf.specs.map_spec import MapSpec
from rawbpf.syscall import bpf
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate

if TYPE_CHECKING:
    from rawbpf.syscall.fd import Fd
    from rawbpf.uapi.bpf_attr import BpfMapInfo

__all__ = ["create_map", "spec_from"]


def create_map(spec: MapSpec, *, btf_fd: int = 0, inner_fd: int = 0) -> Fd:
    """The descriptor of a new map; ``btf_fd``: the loaded types that the spec's ids refer to.

    KernelError says why the kernel will not, and carries the explanation.
    """
    struct = BpfAttrMapCreate(
        map_type=spec.map_type,
        key_size=spec.key_size,
        value_size=spec.value_size,
        max_entries=spec.max_entries,
        map_flags=spec.map_flags,
        inner_map_fd=inner_fd,
        map_name=bpf.obj_name(spec.name),
        numa_node=spec.numa_node,
        map_extra=spec.map_extra,
    )
    if btf_fd and spec.btf_value_type_id and spec.kind.typed:
        struct.btf_fd = btf_fd
        struct.btf_key_type_id = spec.btf_key_type_id
        struct.btf_value_type_id = spec.btf_value_type_id
    try:
        return _created(struct)
    except KernelError as error:
        from rawbpf.refusals.explain import explained_error  # only the unlucky pay for it

        raise explained_error(f"cannot create map {spec.name!r}", error) from None


def _created(struct: BpfAttrMapCreate) -> Fd:
    """With types, or without where this kernel minds them."""
    try:
        return bpf.map_create(struct)
    except KernelError as error:
        if not struct.btf_fd or error.errno != errno.EINVAL:
            raise
    # Kernels differ in which maps may have types; those only help people to read them.
    struct.btf_fd = struct.btf_key_type_id = struct.btf_value_type_id = 0
    return bpf.map_create(struct)


def spec_from(info: BpfMapInfo) -> MapSpec:
    """The blueprint of a map that is there. A type that we do not know is BPF_MAP_TYPE_UNSPEC."""
    known = info.type in set(bpf_map_type)
    return MapSpec(
        info.name.decode(errors="backslashreplace"),
        bpf_map_type(info.type) if known else bpf_map_type.BPF_MAP_TYPE_UNSPEC,
        info.key_size,
        info.value_size,
        info.max_entries,
        bpf_map_flags(info.map_flags),
        info.btf_key_type_id,
        info.btf_value_type_id,
        map_extra=info.map_extra,
    )
