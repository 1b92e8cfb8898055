"""Type information (BTF) of the kernel and its modules, and BTF that other processes loaded.

With CONFIG_DEBUG_INFO_BTF (5.2), /sys/kernel/btf/vmlinux holds the types of the kernel image. From
5.11, files next to it contain the types of modules. Every user may read these files.

Loading a program for a module takes a file descriptor of the module's BTF (5.11). The kernel offers
no lookup by name, so every BTF object is opened until one has the module's name:

    BPF_BTF_GET_NEXT_ID        1, 2, 3 ... in the order in which modules were loaded
    BPF_BTF_GET_FD_BY_ID       takes CAP_SYS_ADMIN
    BPF_OBJ_GET_INFO_BY_FD     name, kernel_btf (5.11)

The descriptor is needed only while the program is loaded. From then on, the program itself pins the
module: unloading it (delete_module) fails with EAGAIN.

Maps and programs report the ID of the BTF that they were created with (4.18). BTF of a module is
split: it continues the BTF of the kernel image.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.btf.btf import Btf
from rawbpf.btf.header import decode_header
from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.kernel.hardware import Root, at, read_text
from rawbpf.kernel.objects import open_all, open_id
from rawbpf.syscall.bpf_object import btf_info, module_name
from rawbpf.syscall.fd import Owner

if TYPE_CHECKING:
    from rawbpf.syscall.fd import Fd

__all__ = [
    "ModuleBtfs",
    "btf_by_id",
    "btf_modules",
    "loaded_modules",
    "vmlinux_btf",
]

_FOLDER = "/sys/kernel/btf"


def vmlinux_btf(root: Root = "/") -> str | None:
    """Return the path of the kernel's BTF, or None if the kernel has none."""
    path = at(root, f"{_FOLDER}/vmlinux")
    return path if os.path.exists(path) else None  # noqa: PTH110 -- see files.at


def btf_modules(root: Root = "/") -> list[str]:
    """Return the names of the modules that have BTF, in the order in which they were loaded."""
    try:
        names = os.listdir(at(root, _FOLDER))  # noqa: PTH208 -- see files.at
    except FileNotFoundError:
        return []
    order = {name: place for place, name in enumerate(loaded_modules(root))}
    return sorted(set(names) - {"vmlinux"}, key=lambda name: (order.get(name, len(order)), name))


def loaded_modules(root: Root = "/") -> list[str]:
    """Return the names of loaded modules, newest last."""
    lines = (read_text(root, "/proc/modules") or "").splitlines()
    return [line.split()[0] for line in reversed(lines) if line.strip()]


class ModuleBtfs(Owner):
    """File descriptors of module BTF, by module name. Each descriptor is opened on first use."""

    def __init__(self) -> None:
        self._fds: dict[str, Fd] = {}

    def __getitem__(self, module: str) -> int:
        """Return the number.

        Raise KernelError (EPERM), or UnsupportedError if the module was unloaded.
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
            why="opening BTF by ID takes CAP_SYS_ADMIN",
            fix="run it with sudo",
        ) from None
    raise UnsupportedError(
        f"the BTF of module {module} is gone",
        why="the module was unloaded",
        fix=f"load it: modprobe {module}",
    )


def btf_by_id(number: int) -> Btf:
    """Return the BTF with this ID. Raise KernelError (ENOENT, EPERM) or FormatError (damaged)."""
    with open_id("btf", number) as fd:
        info, data = btf_info(fd.fileno())
    path = vmlinux_btf()
    # The kernel image's BTF is complete, and a module's BTF continues it.
    split = info.kernel_btf and path is not None and not _is_whole(data)
    return Btf(data, Btf(Path(path).read_bytes()) if split and path else None)


def _is_whole(data: bytes) -> bool:
    """Return whether this BTF is not split.

    Only the strings of BTF that is not split start with the empty string.
    """
    return data[decode_header(data).strings][:1] == b"\0"
