"""Query a link's ID, type, program and type-specific details (BPF_OBJ_GET_INFO_BY_FD, 5.8)."""

from __future__ import annotations

import errno

from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.light_typing import NamedTuple
from rawbpf.syscall.bpf_link import LinkPart, link_info
from rawbpf.uapi.bpf import bpf_attach_type, bpf_link_type

__all__ = ["LinkInfo", "read_info"]


class LinkInfo(NamedTuple):
    """The ID, type and program ID of a link, and details that depend on the link's type.

    The type-specific details are in ``part``:

        tracing        │ attach_type, target_obj_id, target_btf_id (5.13)
        raw_tracepoint │ tp_name
        iter           │ target_name, map_id
        cgroup         │ cgroup_id, attach_type
        xdp, tcx       │ ifindex, attach_type
        kprobe_multi   │ func_cnt, retprobe (6.6), missed (6.7)
        uprobe_multi   │ path, func_cnt, retprobe, pid (6.8)
        perf_event     │ event ("kprobe", "uprobe", "tracepoint", "event") and its name, offset
                       │ ... (6.6); missed of a kprobe (6.7)
    """

    id: int
    type: int
    prog_id: int
    part: dict[str, int | str | bool]

    @property
    def type_word(self) -> str:
        """Return the usual name of a link type, or its number if the type is newer than rawbpf.

        >>> LinkInfo(1, 8, 2, {}).type_word
        'kprobe_multi'
        """
        if self.type not in set(bpf_link_type):
            return str(self.type)
        return bpf_link_type(self.type).name.removeprefix("BPF_LINK_TYPE_").lower()


def read_info(fd: int, where: str) -> LinkInfo:
    """Return the info for a link's descriptor.

    Raises UnsupportedError if the descriptor does not refer to a BPF link.
    """
    try:
        head, part = link_info(fd)
    except KernelError as error:
        if error.errno in (errno.EINVAL, errno.EBADF):
            raise UnsupportedError(
                f"cannot query or pin {where}",
                why="the program is attached to a perf event without a BPF link",
            ) from None
        raise
    return LinkInfo(head.id, head.type, head.prog_id, _with_names(part))


def _with_names(part: LinkPart) -> LinkPart:
    """Replace the number of an attach type with its name."""
    named = dict(part)
    kind = named.get("attach_type")
    if isinstance(kind, int) and kind in set(bpf_attach_type):
        named["attach_type"] = bpf_attach_type(kind).name.removeprefix("BPF_").lower()
    return named
