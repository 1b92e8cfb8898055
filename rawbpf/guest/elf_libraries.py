"""Which shared libraries an executable needs, as its own loader answers.

A dynamic executable names its loader in the program header PT_INTERP. That loader, run as
``ld.so --list FILE``, resolves DT_NEEDED, RPATH, $ORIGIN and its cache just as it would at a
start, so nothing of that is repeated here. A shared library (a Python extension module) names no
loader; the interpreter's is the one that will load it.
"""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

__all__ = ["is_elf", "libraries", "loader"]

_PT_INTERP = 3


def is_elf(path: Path) -> bool:
    """Whether the file starts as ELF files do."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def loader(path: Path) -> str | None:
    """The loader that the executable asks for; None when it is static or a library.

    >>> import sys
    >>> loader(Path(sys.executable))  # doctest: +ELLIPSIS
    '/lib.../ld-...'
    """
    with path.open("rb") as file:
        header = file.read(64)
        if header[:6] != b"\x7fELF\x02\x01":  # 64 bits, little-endian
            return None
        table, size, count = (
            *struct.unpack_from("<Q", header, 32),
            *struct.unpack_from("<HH", header, 54),
        )
        for index in range(count):
            file.seek(table + index * size)
            kind, _, offset, _, _, length = struct.unpack("<IIQQQQ", file.read(40))
            if kind == _PT_INTERP:
                file.seek(offset)
                return file.read(length).rstrip(b"\0").decode()
    return None


def libraries(path: Path, default_loader: str | None) -> list[str]:
    """Paths of the loader and of every library that loading the file maps.

    ``default_loader`` is asked about files that name none; with None these need nothing.
    """
    named = loader(path)
    asked = named or default_loader
    if asked is None:
        return []
    answer = subprocess.run(
        [asked, "--list", str(path)], capture_output=True, text=True, check=False
    )
    found = [asked] if named else []
    for line in answer.stdout.splitlines():
        # "libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)"; the vdso has no path.
        target = line.rpartition("=> ")[2].strip().partition(" (0x")[0]
        if target.startswith("/"):
            found.append(target)
    return found
