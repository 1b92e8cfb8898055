"""vmlinux.h: the types of a kernel as one C header, generated once per kernel.

The BTF of a kernel has about 126,000 types, and writing them as C takes seconds. So the header is
cached in a folder that is named after a hash of the BTF. Compiling with the types of one kernel
does not tie the program to it: CO-RE records refer to fields by name, not by offset.
"""

from __future__ import annotations

import os
from hashlib import sha256
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from rawbpf.errors import RawbpfError
from rawbpf.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VMLINUX", "vmlinux_folder"]

VMLINUX = "vmlinux.h"


def vmlinux_folder(types: bytes, cache: Path | None = None) -> Path:
    """Return the folder with the vmlinux.h of the BTF ``types``; write it if it is not there.

    ``cache``: by default the user's cache, such as ~/.cache/rawbpf. Raise RawbpfError if it cannot
    be written, FormatError if the BTF is damaged.
    """
    # A later rawbpf may write another header for the same types.
    digest = sha256(__version__.encode() + types).hexdigest()[:16]
    folder = (cache or _user_cache()) / f"vmlinux-{digest}"
    if not os.path.exists(folder / VMLINUX):  # noqa: PTH110 -- Path.exists raises on EACCES
        _write(folder, types)
    return folder


def _user_cache() -> Path:
    from platformdirs import user_cache_path

    try:
        root = user_cache_path("rawbpf")
    except RuntimeError:  # neither HOME nor an entry in /etc/passwd
        root = None
    if root is None or not root.is_absolute():  # older versions of platformdirs return "~"
        raise RawbpfError(
            "there is no place for vmlinux.h",
            why="HOME is not set",
            fix="set XDG_CACHE_HOME to a writable folder",
        )
    return root


def _write(folder: Path, types: bytes) -> None:
    """Write a temporary file and rename it, so that other processes never see half a header."""
    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ctext.header import c_header

    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(exist_ok=True)
        unfinished = NamedTemporaryFile("w", dir=folder, delete=False)  # noqa: SIM115 -- see below
        try:
            with unfinished as file:
                file.writelines(c_header(Btf(types), None))
            os.replace(file.name, folder / VMLINUX)  # noqa: PTH105 -- a str, not a Path
        except BaseException:  # a full disk, damaged BTF, Ctrl+C
            os.unlink(unfinished.name)  # noqa: PTH108 -- a str, not a Path
            raise
    except OSError as error:
        raise RawbpfError(
            f"cannot write {folder / VMLINUX}",
            why=error.strerror,
            fix="set XDG_CACHE_HOME to a writable folder",
        ) from None
