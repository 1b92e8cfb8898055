"""What the kernel says of a link (BPF_OBJ_GET_INFO_BY_FD, 5.8): a head, and a part for its type.

A part is a few numbers and names. Names are written to buffers that we bring along; how long they
are the kernel does not say before, so one call is made with room for the longest. How many
functions a kprobe_multi link has (6.6) and how often it was not run (6.7) is in its part, too.
"""

from __future__ import annotations

import errno
from typing import NamedTuple

from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.syscall.bpf_link import LinkPart, link_info
from rawbpf.uapi.bpf import bpf_attach_type, bpf_link_type

__all__ = ["LinkInfo", "read_info"]


class LinkInfo(NamedTuple):
    """Its id, its type, the program, and by name what else there is of that type.

    tracing        attach_type, target_obj_id, target_btf_id (5.13)
    raw_tracepoint tp_name
    iter           target_name, map_id
    cgroup         cgroup_id, attach_type
    xdp, tcx       ifindex, attach_type
    kprobe_multi   func_cnt, retprobe, missed
    uprobe_multi   path, func_cnt, retprobe, pid
    perf_event     event ("kprobe", "uprobe", "tracepoint", "event") and its name, offset ... (6.6)
    """

    id: int
    type: int
    prog_id: int
    part: dict[str, int | str | bool]

    @property
    def type_word(self) -> str:
        """The type as people write it: ``kprobe_multi``; a number if it is newer than we are.

        >>> LinkInfo(1, 8, 2, {}).type_word
        'kprobe_multi'
        """
        if self.type not in set(bpf_link_type):
            return str(self.type)
        return bpf_link_type(self.type).name.removeprefix("BPF_LINK_TYPE_").lower()


def read_info(fd: int, where: str) -> LinkInfo:
    """The info of a link's descriptor; UnsupportedError: ``where`` is attached in another way."""
    try:
        head, part = link_info(fd)
    except KernelError as error:
        if error.errno in (errno.EINVAL, errno.EBADF):
            raise UnsupportedError(
                f"{where} has no link to ask",
                why="it is attached by a perf event, and the kernel knows it by no id",
            ) from None
        raise
    return LinkInfo(head.id, head.type, head.prog_id, _words(part))


def _words(part: LinkPart) -> dict[str, int | str | bool]:
    """Numbers of which the kernel has names, as those."""
    words: dict[str, int | str | bool] = dict(part)
    kind = words.get("attach_type")
    if isinstance(kind, int) and kind in set(bpf_attach_type):
        words["attach_type"] = bpf_attach_type(kind).name.removeprefix("BPF_").lower()
    return words
