"""The BTF sections of an ELF file: an object, a kernel module or a kernel, of any machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from elftools.elf.constants import SH_FLAGS

from rawbpf.elf.untrusted import Sections, open_elf
from rawbpf.errors import FormatError

if TYPE_CHECKING:
    from io import BufferedReader, BytesIO, FileIO

__all__ = ["btf_sections"]


def btf_sections(file: FileIO | BytesIO, path: str, largest: int) -> tuple[bytes, bytes | None]:
    """The contents of ``.BTF`` and, if it is there, of ``.BTF.base``."""
    try:
        elf = open_elf(file)
        stream = cast("BufferedReader", elf.stream)
        try:
            sections = Sections(elf)
            btf = _contents(sections, ".BTF", largest)
            base = _contents(sections, ".BTF.base", largest)
        finally:
            stream.detach()  # the file is the caller's
    except FormatError as error:
        raise FormatError(f"{path}: {error.what}", why=error.why, fix=error.fix) from None
    if btf is None:
        raise FormatError(
            f"{path} has no BTF",
            why="there is no .BTF section",
            fix="clang makes one with -target bpf -g",
        )
    return btf, base


def _contents(sections: Sections, name: str, largest: int) -> bytes | None:
    if name not in sections.names:
        return None
    number = sections.names.index(name)
    header = sections.headers[number]
    # A section of another type need not be in the file, a compressed one can become any size.
    if header["sh_type"] != "SHT_PROGBITS" or header["sh_flags"] & SH_FLAGS.SHF_COMPRESSED:
        raise FormatError(f"{name} is not in the file as it is")
    if header["sh_size"] > largest:
        raise FormatError(f"{name} is too large", why=f"{header['sh_size']} bytes")
    return sections.contents(number)
