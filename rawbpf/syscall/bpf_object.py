"""bpf(2) and objects that somebody else made: by id, by a name in bpffs, and what they are.

An object is freed when its last descriptor is closed, unless it is attached somewhere, or has a
name in a file system of type bpf. An id is only a number: by the time that it is opened, the object
may be gone (ENOENT). To open one by its id takes CAP_SYS_ADMIN; CAP_BPF will not do.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

from rawbpf.syscall.attr import Attr
from rawbpf.syscall.bpf import command, next_id, obj_get_info
from rawbpf.syscall.fd import Fd
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import BpfAttrObj, BpfAttrObjId
from rawbpf.uapi.bpf_info import BpfBtfInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["btf_info", "fd_by_id", "ids", "obj_get", "obj_pin"]


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


def btf_info(fd: int) -> tuple[BpfBtfInfo, bytes]:
    """What the kernel says of loaded types, and their bytes."""
    info = obj_get_info(fd, BpfBtfInfo())
    data = ctypes.create_string_buffer(info.btf_size)
    name = ctypes.create_string_buffer(64)
    info = BpfBtfInfo(btf=ctypes.addressof(data), btf_size=len(data))
    info.name, info.name_len = ctypes.addressof(name), len(name)
    return obj_get_info(fd, info), data.raw
