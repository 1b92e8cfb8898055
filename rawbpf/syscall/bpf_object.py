"""bpf(2) and objects that somebody else made: by id, by a name in bpffs, and what they are.

An object is freed when its last descriptor is closed, unless it is attached somewhere, or has a
name in a file system of type bpf. An id is only a number: by the time that it is opened, the object
may be gone (ENOENT). To open one by its id takes CAP_SYS_ADMIN; CAP_BPF will not do.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.syscall.attr import Attr
from rawbpf.syscall.bpf import command, next_id, obj_get_info
from rawbpf.syscall.fd import Fd
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import BpfAttrEnableStats, BpfAttrObj, BpfAttrObjId
from rawbpf.uapi.bpf_info import BpfBtfInfo, BpfProgInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "PROG_ARRAYS",
    "btf_info",
    "enable_stats",
    "fd_by_id",
    "ids",
    "module_name",
    "obj_get",
    "obj_pin",
    "prog_info",
]

_BPF_STATS_RUN_TIME = 0
_MODULE_NAME_LEN = 64


def obj_pin(fd: int, path: str) -> None:
    """BPF_OBJ_PIN (4.4): give the object a name in bpffs.

    Errors: EPERM (not on bpffs, or a dot in the name), EEXIST, ENOENT (no such folder).
    """
    attr = _named(BpfAttrObj(bpf_fd=fd), path)
    command(bpf_cmd.BPF_OBJ_PIN, attr)


def obj_get(path: str) -> Fd:
    """BPF_OBJ_GET (4.4): a descriptor of the object of this name.

    Errors: ENOENT, EACCES (a file, but no BPF object; or not ours to open).
    """
    return Fd(command(bpf_cmd.BPF_OBJ_GET, _named(BpfAttrObj(), path)), f"pinned:{path}")


def _named(struct: BpfAttrObj, path: str) -> Attr[BpfAttrObj]:
    name = path.encode(errors="surrogateescape") + b"\0"
    return Attr(struct).point("pathname", name).ends_at("bpf_fd")


def fd_by_id(cmd: bpf_cmd, number: int) -> Fd:
    """BPF_PROG_GET_FD_BY_ID and its kin (4.13). Errors: ENOENT, EPERM."""
    attr = Attr(BpfAttrObjId(id=number)).ends_at("open_flags")
    return Fd(command(cmd, attr), f"{cmd.name.split('_')[1].lower()}:{number}")


def ids(cmd: bpf_cmd) -> Iterator[int]:
    """The ids of all objects of a kind, by BPF_PROG_GET_NEXT_ID and its kin (4.13)."""
    number = next_id(cmd, 0)
    while number is not None:
        yield number
        number = next_id(cmd, number)


def enable_stats() -> Fd:
    """BPF_ENABLE_STATS (5.8): count runs of programs, and their time, until this is closed.

    Errors: EPERM (CAP_SYS_ADMIN).
    """
    attr = Attr(BpfAttrEnableStats(type=_BPF_STATS_RUN_TIME))
    return Fd(command(bpf_cmd.BPF_ENABLE_STATS, attr), "stats")


def btf_info(fd: int) -> tuple[BpfBtfInfo, bytes]:
    """What the kernel says of loaded types, and their bytes.

    Their name (5.11) is not asked for: an older kernel would refuse the question (E2BIG).
    """
    info = obj_get_info(fd, BpfBtfInfo())
    data = ctypes.create_string_buffer(info.btf_size)
    info = BpfBtfInfo(btf=ctypes.addressof(data), btf_size=len(data))
    return obj_get_info(fd, info), data.raw


def module_name(fd: int) -> str:
    """Whose types these are: a module's name, "vmlinux", or "" if a program loaded them (5.11)."""
    name = ctypes.create_string_buffer(_MODULE_NAME_LEN)
    asked = BpfBtfInfo(name=ctypes.addressof(name), name_len=len(name))
    return name.value.decode() if obj_get_info(fd, asked).kernel_btf else ""


class Array(NamedTuple):
    """Where struct bpf_prog_info has an array: its address, its length, the size of an element.

    ``size`` may be the name of a field: records grew, and the kernel says how long its are.
    """

    address: str
    length: str
    size: int | str


PROG_ARRAYS = {
    "map_ids": Array("map_ids", "nr_map_ids", 4),
    "xlated": Array("xlated_prog_insns", "xlated_prog_len", 1),
    "jited": Array("jited_prog_insns", "jited_prog_len", 1),
    "func_info": Array("func_info", "nr_func_info", "func_info_rec_size"),
    "line_info": Array("line_info", "nr_line_info", "line_info_rec_size"),
    "jited_ksyms": Array("jited_ksyms", "nr_jited_ksyms", 8),
    "jited_func_lens": Array("jited_func_lens", "nr_jited_func_lens", 4),
}
"""The arrays that BPF_OBJ_GET_INFO_BY_FD fills for a program."""


def prog_info(fd: int, *wanted: str) -> tuple[BpfProgInfo, dict[str, bytes]]:
    """What the kernel says of a program, with these of its arrays (PROG_ARRAYS).

    Two calls: the first says how long they are. An array that the kernel does not show (the code of
    a program, without CAP_BPF; addresses, under kptr_restrict) is empty.
    """
    info = obj_get_info(fd, BpfProgInfo())
    asked, buffers = BpfProgInfo(), {}
    for name in wanted:
        array = PROG_ARRAYS[name]
        size = getattr(info, array.size) if isinstance(array.size, str) else array.size
        count = getattr(info, array.length)
        if not count * size:
            continue
        buffers[name] = ctypes.create_string_buffer(count * size)
        setattr(asked, array.address, ctypes.addressof(buffers[name]))
        setattr(asked, array.length, count)
        if isinstance(array.size, str):
            setattr(asked, array.size, size)
    if buffers:
        info = obj_get_info(fd, asked)
    return info, {name: _shown(info, name, buffers.get(name)) for name in wanted}


def _shown(info: BpfProgInfo, name: str, buffer: ctypes.Array[ctypes.c_char] | None) -> bytes:
    """What was filled in: the kernel takes the address away if it did not."""
    if buffer is None or not getattr(info, PROG_ARRAYS[name].address):
        return b""
    return buffer.raw
