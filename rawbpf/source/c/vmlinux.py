"""Generate vmlinux.h, which declares all of a kernel's types in one C header.

A kernel's BTF contains about 126,000 types, and writing them as C takes seconds. The header is
therefore cached in a folder named after a hash of the BTF. A program compiled with one kernel's
types also runs on other kernels, because CO-RE records refer to fields by name instead of by
offset.
"""

from __future__ import annotations

import os
from hashlib import sha256
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from rawbpf.errors import RawbpfError
from rawbpf.user_cache import place
from rawbpf.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["VMLINUX", "vmlinux_folder"]

VMLINUX = "vmlinux.h"


def vmlinux_folder(types: bytes, cache: Path | None = None) -> Path:
    """Return the folder with vmlinux.h for ``types``, generating the header if necessary.

    ``cache`` defaults to the user's cache folder, such as ~/.cache/rawbpf. Raises RawbpfError if
    the header cannot be written, FormatError if the BTF is damaged.
    """
    # A future version of rawbpf may generate a different header from the same types.
    digest = sha256(__version__.encode() + types).hexdigest()[:16]
    folder = (cache or _user_cache()) / f"vmlinux-{digest}"
    if not os.path.exists(folder / VMLINUX):  # noqa: PTH110 -- Path.exists raises on EACCES
        _write(folder, types)
    return folder


def _user_cache() -> Path:
    from pathlib import Path

    root = place()
    if root is None:
        raise RawbpfError(
            "cannot choose a folder for vmlinux.h",
            why="HOME is not set",
            fix="set XDG_CACHE_HOME to a writable folder",
        )
    return Path(root)


def _write(folder: Path, types: bytes) -> None:
    """Write a file atomically, so that other processes never see an incomplete header."""
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
        except BaseException:  # the cause may be a full disk, damaged BTF or Ctrl+C
            os.unlink(unfinished.name)  # noqa: PTH108 -- a str, not a Path
            raise
    except OSError as error:
        raise RawbpfError(
            f"cannot write {folder / VMLINUX}",
            why=error.strerror,
            fix="set XDG_CACHE_HOME to a writable folder",
        ) from None
