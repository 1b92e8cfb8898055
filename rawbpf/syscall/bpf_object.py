"""bpf(2) for all kinds of objects: open them by ID, pin them, load BTF and read BTF.

An object is freed when its last descriptor is closed, unless the object is attached or pinned in a
BPF file system. An ID is only a number, so the object may be gone by the time it is opened
(ENOENT). Opening an object by ID requires CAP_SYS_ADMIN; CAP_BPF is not sufficient.
"""

from __future__ import annotations

import ctypes
import errno
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError
from rawbpf.syscall.bpf import command, obj_get_info
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import Attr
from rawbpf.uapi.bpf import bpf_cmd
from rawbpf.uapi.bpf_attr import (
    BpfAttrBtfLoad,
    BpfAttrObj,
    BpfAttrObjId,
    BpfBtfInfo,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "btf_info",
    "btf_load",
    "fd_by_id",
    "ids",
    "module_name",
    "next_id",
    "obj_get",
    "obj_pin",
]

_MODULE_NAME_LEN = 64


def obj_pin(fd: int, path: str) -> None:
    """Pin an object in a BPF file system (BPF_OBJ_PIN, 4.4).

    Raises KernelError with EPERM (the path is not in a BPF file system, or the name contains a
    dot), EEXIST or ENOENT (the folder does not exist).
    """
    attr = _named(BpfAttrObj(bpf_fd=fd), path)
    command(bpf_cmd.BPF_OBJ_PIN, attr)


def obj_get(path: str) -> Fd:
    """Open a pinned object (BPF_OBJ_GET, 4.4).

    Raises KernelError with ENOENT, or with EACCES (the file is not a BPF object, or permission is
    denied).
    """
    return Fd(command(bpf_cmd.BPF_OBJ_GET, _named(BpfAttrObj(), path)), f"pinned:{path}")


def _named(struct: BpfAttrObj, path: str) -> Attr[BpfAttrObj]:
    name = path.encode(errors="surrogateescape") + b"\0"
    return Attr(struct).point("pathname", name).ends_at("bpf_fd")


def fd_by_id(cmd: bpf_cmd, number: int) -> Fd:
    """Open an object by ID (BPF_PROG_GET_FD_BY_ID etc., 4.13).

    Raises KernelError (ENOENT, EPERM).
    """
    attr = Attr(BpfAttrObjId(id=number)).ends_at("open_flags")
    return Fd(command(cmd, attr), f"{cmd.name.split('_')[1].lower()}:{number}")


def next_id(cmd: bpf_cmd, after: int) -> int | None:
    """Return the ID that follows ``after`` (BPF_PROG_GET_NEXT_ID etc.), or None at the end."""
    attr = Attr(BpfAttrObjId(id=after)).ends_at("open_flags")
    try:
        command(cmd, attr)
    except KernelError as error:
        if error.errno == errno.ENOENT:
            return None
        raise
    return int(attr.struct.next_id)


def ids(cmd: bpf_cmd) -> Iterator[int]:
    """Yield the IDs of all objects of one kind (BPF_PROG_GET_NEXT_ID etc., 4.13)."""
    number = next_id(cmd, 0)
    while number is not None:
        yield number
        number = next_id(cmd, number)


def btf_info(fd: int) -> tuple[BpfBtfInfo, bytes]:
    """Return information about a loaded BTF object, and its bytes.

    The name (5.11) is not requested, because older kernels would fail with E2BIG.
    """
    info = obj_get_info(fd, BpfBtfInfo())
    data = ctypes.create_string_buffer(info.btf_size)
    info = BpfBtfInfo(btf=ctypes.addressof(data), btf_size=len(data))
    return obj_get_info(fd, info), data.raw


def module_name(fd: int) -> str:
    """Return a module's name, "vmlinux", or "" if the BTF was loaded by a process (5.11)."""
    name = ctypes.create_string_buffer(_MODULE_NAME_LEN)
    asked = BpfBtfInfo(name=ctypes.addressof(name), name_len=len(name))
    return name.value.decode() if obj_get_info(fd, asked).kernel_btf else ""


def btf_load(data: bytes) -> Fd:
    """Load BTF into the kernel, which validates it (BPF_BTF_LOAD, 4.18).

    Raises KernelError with EPERM, or with EINVAL (the BTF is malformed, or contains a kind or flag
    that this kernel does not know).
    """
    attr = Attr(BpfAttrBtfLoad(btf_size=len(data))).point("btf", data).ends_at("btf_log_level")
    return Fd(command(bpf_cmd.BPF_BTF_LOAD, attr), "btf")
