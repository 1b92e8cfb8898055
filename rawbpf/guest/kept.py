"""Type indexes, in which a guest saves what it learned about its kernel's types for the next guest.

A command stores the index of the kernel's types in the user's cache (rawbpf/kernel/type_index.py),
which disappears with the guest. PID 1 therefore returns new files in that folder, and the host puts
them into the next guest that boots the same kernel image.

The host does not trust a guest. The host stores files with plausible names and sizes, and never
reads their contents. A malicious guest can therefore leave a wrong index only for guests that boot
the same image, and their reader validates the index and each position in it.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from rawbpf.errors import FormatError, GuestError
from rawbpf.guest import cache
from rawbpf.guest.wire.cpio import decode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["LARGEST", "folder_in_guest", "known", "store"]

LARGEST = 4 << 20
"""The maximum total size in bytes of the returned files.

The index for a Debian kernel is 0.4 MB long."""

_FOLDER = "guest-types"
_MOST_FILES = 4
_MOST_KERNELS = 16
_NAME = re.compile(r"[0-9a-f]{8,64}-[0-9]{1,10}")


def folder_in_guest(environment: Mapping[str, str]) -> str:
    """Return the folder for type indexes, given the environment of the command.

    >>> folder_in_guest({"HOME": "/root"})
    '/root/.cache/rawbpf/types'
    """
    return f"{environment.get('RAWBPF_CACHE') or environment['HOME'] + '/.cache/rawbpf'}/types"


def known(image: Path) -> dict[str, bytes]:
    """Return the files left by earlier guests with this kernel image, by name."""
    with suppress(OSError, GuestError):
        return {file.name: file.read_bytes() for file in sorted(_folder(image).iterdir())}
    return {}


def store(image: Path, archive: bytes) -> None:
    """Store the files in an archive from a guest. Unexpected entries are ignored."""
    with suppress(OSError, GuestError, FormatError):
        members = [one for one in decode(BytesIO(archive)) if _NAME.fullmatch(one.path)]
        files = {one.path: one.data for one in members[:_MOST_FILES]}
        if files:
            cache.folder(_FOLDER, _folder(image).name)
            for name, data in files.items():
                cache.write_whole(_folder(image) / name, [data])
            _forget_old()


def _folder(image: Path) -> Path:
    """Return the folder for a kernel image, which is named after a hash of its path and time."""
    status = image.stat()
    identity = f"{image.resolve()}\0{status.st_size}\0{status.st_mtime_ns}"
    name = hashlib.sha256(identity.encode(errors="replace")).hexdigest()[:24]
    return cache.place(_FOLDER, name)


def _forget_old() -> None:
    folders = sorted(cache.place(_FOLDER).iterdir(), key=lambda one: one.stat().st_mtime)
    for old in folders[:-_MOST_KERNELS]:
        shutil.rmtree(old, ignore_errors=True)
