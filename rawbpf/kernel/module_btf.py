"""A module's types as bpf(2) wants to have them named: by a descriptor.

/sys/kernel/btf shows their bytes, to everybody and by the module's name. But a program's load takes
a descriptor (5.11), which is had by an id, and whose id that is one learns by looking at them all:

    BPF_BTF_GET_NEXT_ID        1, 2, 3 ... in the order in which modules were loaded
    BPF_BTF_GET_FD_BY_ID       with CAP_SYS_ADMIN
    BPF_OBJ_GET_INFO_BY_FD     name, kernel_btf (5.11)

The descriptor is needed while the program is loaded, not longer. From then on it is the program
that holds the module: until it is gone the module cannot be unloaded (delete_module: EAGAIN).
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, UnsupportedError
from rawbpf.kernel.objects import open_all
from rawbpf.syscall.bpf_object import module_name
from rawbpf.syscall.owner import Owner

if TYPE_CHECKING:
    from rawbpf.syscall.fd import Fd

__all__ = ["ModuleBtfs"]


class ModuleBtfs(Owner):
    """Owns descriptors of the types of modules; each is opened when it is first asked for."""

    def __init__(self) -> None:
        self._fds: dict[str, Fd] = {}

    def __getitem__(self, module: str) -> int:
        """The descriptor's number. KernelError: EPERM; UnsupportedError: the module is gone."""
        if module not in self._fds:
            self._fds[module] = _open(module)
        return self._fds[module].fileno()

    def close(self) -> None:
        """Close them all."""
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
            f"cannot tell the kernel that module {module} is meant",
            errno=errno.EPERM,
            call=error.call,
            why="it wants a descriptor of the module's types, which takes CAP_SYS_ADMIN",
            fix="run it with sudo",
        ) from None
    raise UnsupportedError(
        f"the types of module {module} are gone",
        why="it was unloaded meanwhile",
        fix=f"load it: modprobe {module}",
    )
