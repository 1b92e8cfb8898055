"""Open the kernel's BTF objects by ID, and find the BTF of a program or map.

Loading a program for a module requires a file descriptor for the module's BTF (5.11). The kernel
offers no lookup by name, so BTF objects are opened one by one until one has the module's name:

    BPF_BTF_GET_NEXT_ID       │ 1, 2, 3 ... in the order in which modules were loaded
    BPF_BTF_GET_FD_BY_ID      │ takes CAP_SYS_ADMIN
    BPF_OBJ_GET_INFO_BY_FD    │ name, kernel_btf (5.11)

The descriptor is needed only until the program is loaded. After that, the program itself pins the
module, and unloading the module (delete_module) fails with EAGAIN.

Maps and programs report the ID of the BTF with which they were created (4.18). A module's BTF is
split BTF, which extends the kernel image's BTF.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.btf.btf import Btf
from rawbpf.btf.header import decode_header
from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.kernel.objects import open_all, open_id
from rawbpf.kernel.type_index import kernel_types
from rawbpf.syscall.bpf_object import btf_info, module_name
from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from rawbpf.syscall.fd import Fd

__all__ = ["ModuleBtfs", "btf_by_id"]


class ModuleBtfs(Owner):
    """File descriptors for the BTF of modules, keyed by module name.

    Each descriptor is opened on first use.
    """

    def __init__(self) -> None:
        self._fds: dict[str, Fd] = {}

    def __getitem__(self, module: str) -> int:
        """Return the number.

        Raises KernelError (EPERM), or UnsupportedError if the module has been unloaded.
        """
        if module not in self._fds:
            self._fds[module] = _open(module)
        return self._fds[module].fileno()

    def close(self) -> None:
        """Close all descriptors."""
        while self._fds:
            self._fds.popitem()[1].close()


def _open(module: str) -> Fd:
    try:
        for _, fd in open_all("btf"):
            if module_name(fd.fileno()) == module:
                return fd
            fd.close()
    except KernelError as error:
        if error.errno != errno.EPERM:
            raise
        raise KernelError(
            f"cannot open the BTF of module {module}",
            errno=errno.EPERM,
            call=error.call,
            why="opening BTF by ID requires CAP_SYS_ADMIN",
            fix="run the command with sudo",
        ) from None
    raise UnsupportedError(
        f"the BTF of module {module} no longer exists",
        why="the module was unloaded",
        fix=f"load the module: modprobe {module}",
    )


def btf_by_id(number: int) -> Btf:
    """Return the BTF with the given ID.

    Raises KernelError (ENOENT, EPERM) if the BTF cannot be opened, or FormatError if it is damaged.
    """
    with open_id("btf", number) as fd:
        info, data = btf_info(fd.fileno())
    # The kernel image's BTF is complete, and a module's BTF extends it.
    split = info.kernel_btf and not _is_whole(data)
    return Btf(data, kernel_types() if split else None)


def _is_whole(data: bytes) -> bool:
    """Return whether this BTF is complete, that is, not split BTF.

    Only the string section of complete BTF starts with the empty string.
    """
    return data[decode_header(data).strings][:1] == b"\0"
