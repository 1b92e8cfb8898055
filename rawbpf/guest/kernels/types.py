"""Read a kernel's BTF from its image, without booting the kernel.

C programs for a guest of another architecture are compiled with the types of the guest's kernel,
because struct pt_regs differs between architectures. An arm64 kernel's vmlinuz is the memory image
itself (Documentation/arch/arm64/booting.rst), possibly compressed with gzip, so that the section
.BTF is found by its header.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import TYPE_CHECKING

from rawbpf.errors import GuestError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["types_in_image"]

_HEADER = struct.Struct("<HBBIIIII")  # struct btf_header
_START = struct.pack("<HBBI", 0xEB9F, 1, 0, _HEADER.size)
_GZIP = b"\x1f\x8b"


def types_in_image(vmlinuz: Path) -> bytes:
    """Return the BTF in an uncompressed or gzip-compressed kernel image.

    Raises GuestError if the image contains no BTF.
    """
    try:
        image = vmlinuz.read_bytes()
        image = gzip.decompress(image) if image.startswith(_GZIP) else image
    except (OSError, EOFError, zlib.error) as error:
        raise GuestError(f"cannot read the kernel image {vmlinuz}", why=str(error)) from None
    found, at = b"", image.find(_START)
    while at >= 0:
        found = max(found, _blob(image, at), key=len)
        at = image.find(_START, at + 1)
    if not found:
        raise GuestError(
            f"{vmlinuz} does not contain BTF",
            why="the kernel was built without it, or the image is compressed",
            fix="compile the program on another machine and pass the .bpf.o",
        )
    return found


def _blob(image: bytes, at: int) -> bytes:
    """Return the BTF at a position, or b"" if the header is incomplete or exceeds the image."""
    if at + _HEADER.size > len(image):
        return b""
    _, _, _, _, types, types_size, strings, strings_size = _HEADER.unpack_from(image, at)
    size = _HEADER.size + max(types + types_size, strings + strings_size)
    return image[at : at + size] if at + size <= len(image) else b""
