"""Pin objects: give an object a name in the BPF file system, which keeps the object alive.

BPF_OBJ_PIN fails with EPERM if the path is not on a BPF file system, if its last component contains
a dot, or if permissions are missing. BPF_OBJ_GET fails with EACCES on a file that is not a BPF
object. After a failure, this module examines the path to find the cause.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from rawbpf.errors import KernelError, UsageError
from rawbpf.kernel.call_error import call_error
from rawbpf.kernel.file_systems import DEFAULT_PLACE, bpffs_mounts, is_on_bpffs
from rawbpf.kernel.objects import kind_of
from rawbpf.syscall.bpf_object import obj_get, obj_pin

if TYPE_CHECKING:
    from rawbpf.syscall.fd import Fd

__all__ = ["Path", "make_folder", "open_pinned", "pin", "unpin"]

Path = str | os.PathLike[str]


def pin(fd: int, path: Path, what: str) -> None:
    """Pin the object that a descriptor refers to.

    ``what`` describes the object in errors, such as "map 'counts'".
    """
    name = os.fspath(path)
    try:
        obj_pin(fd, name)
    except KernelError as error:
        raise _explain(f"cannot pin {what} at {name}", name, error) from None


def unpin(path: Path) -> None:
    """Remove a pin. The kernel frees the object if nothing else uses it."""
    name = os.fspath(path)
    try:
        os.unlink(name)  # noqa: PTH108 -- see files.at
    except OSError as error:
        raise _missing(f"cannot unpin {name}", name, error) from None


def open_pinned(path: Path, kind: str) -> Fd:
    """Return a descriptor for the object that is pinned at a path.

    ``kind``: "map", "prog" or "link".
    """
    name = os.fspath(path)
    try:
        fd = obj_get(name)
    except KernelError as error:
        raise _explain(f"cannot open {name}", name, error) from None
    found = kind_of(f"/proc/self/fd/{fd.fileno()}")
    if found != kind:
        fd.close()
        raise UsageError(f"{name} is a {found or 'different file'}, not a {kind}")
    return fd


def make_folder(path: Path) -> bool:
    """Create a folder for pins, or return False if the folder already exists."""
    name = os.fspath(path)
    try:
        os.mkdir(name, 0o700)  # noqa: PTH102 -- as above
    except FileExistsError:
        return False
    except OSError as error:
        raise _missing(f"cannot create folder {name}", name, error) from None
    return True


def _missing(what: str, path: str, error: OSError) -> KernelError:
    number = error.errno or 0
    return _explain(what, path, KernelError(what, errno=number, call="open"))


def _explain(what: str, path: str, error: KernelError) -> KernelError:
    """Return an error that explains the errno of a failed call."""
    number, folder = error.errno or 0, os.path.dirname(path) or "."  # noqa: PTH120 -- as above
    why, fix = None, None
    if number == errno.ENOENT:
        gone = folder if not os.path.isdir(folder) else path  # noqa: PTH112 -- as above
        why = f"{gone} does not exist"
        fix = None if bpffs_mounts() else _mount()
    elif number == errno.EEXIST:
        why, fix = "the path exists", f"choose another path, or remove it: rm {path}"
    elif number == errno.EACCES and os.path.isdir(path):  # noqa: PTH112 -- as above
        why, fix = "the path is a folder", "specify an object in the folder"
    elif number in (errno.EPERM, errno.EACCES, errno.EINVAL):
        why, fix = _not_permitted(path, folder)
        if why is None:
            return call_error(what, error)
    return KernelError(what, errno=number, call=error.call, why=why, fix=fix)


def _not_permitted(path: str, folder: str) -> tuple[str | None, str | None]:
    try:
        inside = is_on_bpffs(path if os.path.exists(path) else folder)  # noqa: PTH110 -- as above
    except OSError as error:
        return error.strerror, None
    if not inside:
        places = sorted(bpffs_mounts().values())
        fix = f"choose a path under {places[0]}" if places else _mount()
        return "the path is not on a BPF file system", fix
    if "." in os.path.basename(path):  # noqa: PTH119 -- as above
        return "names in a BPF file system cannot contain dots", "choose another name"
    return None, None


def _mount() -> str:
    return f"mount the BPF file system: mount -t bpf bpf {DEFAULT_PLACE}"
