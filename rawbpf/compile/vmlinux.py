"""vmlinux.h: the kernel's types as one C header, written once for each kernel.

The running kernel's BTF has 126,000 types, and writing them takes seconds, so the header is kept
in the user's cache, in a folder named after what the BTF contains: another kernel, another folder.
That a program is compiled with the types of one kernel does not tie it to that kernel. CO-RE does
not look at where a field was, only at what it was called.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from rawbpf.errors import RawbpfError, UnsupportedError
from rawbpf.kernel.btf import vmlinux_btf
from rawbpf.version import __version__

__all__ = ["VMLINUX", "vmlinux_folder"]

VMLINUX = "vmlinux.h"


def vmlinux_folder(btf: Path | None = None, cache: Path | None = None) -> Path:
    """The folder with the vmlinux.h of a BTF file (the running kernel's), made if need be."""
    data = _read(btf)
    # What we write may change with us, too.
    digest = sha256(__version__.encode() + data).hexdigest()[:16]
    folder = (cache or _cache()) / f"vmlinux-{digest}"
    if not os.path.exists(folder / VMLINUX):  # noqa: PTH110 -- Path's raises where we may not look
        _write(folder, data)
    return folder


def _read(btf: Path | None) -> bytes:
    path = btf or vmlinux_btf()
    if path is None:
        raise UnsupportedError(
            "cannot make vmlinux.h",
            why="this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)",
            fix="compile on another machine and give the .bpf.o, or use `rawbpf guest`",
        )
    return Path(path).read_bytes()


def _cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("rawbpf")


def _write(folder: Path, data: bytes) -> None:
    """Write beside it and rename: whoever compiles meanwhile sees nothing or all of it."""
    from rawbpf.btf.btf import Btf
    from rawbpf.btf.ctext.header import c_header

    try:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = NamedTemporaryFile("w", dir=folder, delete=False)  # noqa: SIM115 -- see below
        try:
            with unfinished as file:
                file.writelines(c_header(Btf(data), None))
            os.replace(file.name, folder / VMLINUX)  # noqa: PTH105 -- from a name
        except BaseException:  # a full disk, damaged types, Ctrl+C
            os.unlink(unfinished.name)  # noqa: PTH108 -- the same
            raise
    except OSError as error:
        raise RawbpfError(
            f"cannot write {folder / VMLINUX}",
            why=error.strerror,
            fix="set XDG_CACHE_HOME to a folder that can be written",
        ) from None
