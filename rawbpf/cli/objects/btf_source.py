"""Read BTF from the running kernel, one of its modules, or a file.

The file is either plain BTF (as in /sys/kernel/btf, or extracted from an object), an ELF file with
a .BTF section, or C source, which is compiled. A module's BTF is split BTF: it extends the kernel's
BTF and is meaningless without it. A .ko file may contain ``.BTF.base`` (6.11), which holds the
types that it needs from the kernel for which it was built; this section then serves as the base.
"""

from __future__ import annotations

import os
from io import BytesIO, FileIO
from typing import TYPE_CHECKING, cast

from rawbpf.btf.btf import Btf
from rawbpf.errors import FormatError, UnsupportedError, UsageError
from rawbpf.input_file import open_input, read_input
from rawbpf.kernel.btf import btf_modules
from rawbpf.kernel.hardware import at
from rawbpf.kernel.type_index import kernel_types

if TYPE_CHECKING:
    from io import BufferedReader

    from rawbpf.elf.untrusted import Sections
    from rawbpf.kernel.hardware import Root

__all__ = ["KERNEL", "open_btf"]

KERNEL = "kernel"

_LARGEST = 32 << 20
"""The maximum size of BTF in bytes; a kernel with all drivers built in has 20 MB of BTF."""


def open_btf(source: str, base: str | None = None, root: Root = "/") -> Btf:
    """Open the BTF of ``kernel``, of a loaded module, or of a file.

    ``base`` is the source of the base for split BTF; modules of this kernel do not require it.

    >>> open_btf("x")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    rawbpf.errors.UsageError: there is no file or kernel module named 'x'; ...
    """
    below = None if base is None else open_btf(base, root=root)
    if source == KERNEL:
        return _kernel(root)
    if os.path.exists(source):  # noqa: PTH110 -- see kernel/hardware.at
        return _file(source, below, root)
    module = source.replace("-", "_")
    if module in btf_modules(root):
        return Btf(_read(at(root, f"/sys/kernel/btf/{module}")), below or _kernel(root))
    raise _nowhere(source, root)


def _kernel(root: Root) -> Btf:
    types = kernel_types(root)
    if types is None:
        raise UnsupportedError(
            "this kernel has no BTF",
            why="/sys/kernel/btf/vmlinux is missing",
            fix="use a kernel built with CONFIG_DEBUG_INFO_BTF",
        )
    return types


def _file(path: str, base: Btf | None, root: Root) -> Btf:
    if path.endswith(".c"):
        from rawbpf.cli.objects.object_file import compile_source

        btf, _ = btf_sections(BytesIO(compile_source(path, None)), path, _LARGEST)
        return Btf(btf, base)
    if _head(path) == b"\x7fELF":
        # only two sections are read, even for a vmlinux with debug symbols
        with FileIO(path) as whole:
            btf, below = btf_sections(whole, path, _LARGEST)
        return Btf(btf, base or (Btf(below) if below else _base_of(path, root)))
    try:
        return Btf(_read(path), base or _base_of(path, root))
    except FormatError as error:
        fix = "specify a BTF file, an ELF file with a .BTF section, or C source"
        raise FormatError(f"cannot read types from {path}", why=str(error), fix=fix) from None


def _head(path: str) -> bytes:
    try:
        with open_input(path) as file:
            if not file.seekable():
                raise UsageError(f"cannot read {path}", why="the path must be a regular file")
            return file.read(4)
    except OSError as error:
        raise UsageError(f"cannot read {path}", why=error.strerror) from None


def _base_of(path: str, root: Root) -> Btf | None:
    """Return the base for a file whose name shows that it belongs to a module, else None."""
    folder, name = os.path.split(os.path.realpath(path))
    in_sysfs = folder == os.path.realpath(at(root, "/sys/kernel/btf"))
    return _kernel(root) if name.endswith(".ko") or (in_sysfs and name != "vmlinux") else None


def _read(path: str) -> bytes:
    return read_input(path, _LARGEST)


def _nowhere(source: str, root: Root) -> UsageError:
    from difflib import get_close_matches

    if "/" in source or "." in source:  # the name does not belong to a module
        raise UsageError(f"cannot read {source}", why="No such file or directory")
    near = get_close_matches(source, [KERNEL, *btf_modules(root)], n=1)
    return UsageError(
        f"there is no file or kernel module named {source!r}",
        fix=f"did you mean {near[0]}?" if near else f"to specify a type, write: {KERNEL} {source}",
    )


def btf_sections(file: FileIO | BytesIO, path: str, largest: int) -> tuple[bytes, bytes | None]:
    """Return the contents of ``.BTF``, and the contents of ``.BTF.base`` or None."""
    from rawbpf.elf.untrusted import Sections, open_elf  # not needed for the kernel's own types

    try:
        elf = open_elf(file)
        stream = cast("BufferedReader", elf.stream)
        try:
            sections = Sections(elf)
            btf = _contents(sections, ".BTF", largest)
            base = _contents(sections, ".BTF.base", largest)
        finally:
            stream.detach()  # closing the file is the caller's responsibility
    except FormatError as error:
        raise FormatError(f"{path}: {error.what}", why=error.why, fix=error.fix) from None
    if btf is None:
        raise FormatError(
            f"{path} contains no BTF",
            why="the file has no .BTF section",
            fix="compile the file with clang -target bpf -g",
        )
    return btf, base


def _contents(sections: Sections, name: str, largest: int) -> bytes | None:
    if name not in sections.names:
        return None
    from elftools.elf.constants import SH_FLAGS

    number = sections.names.index(name)
    header = sections.headers[number]
    # Sections of other types may not be stored in the file, and compressed sections may expand to
    # any size.
    if header["sh_type"] != "SHT_PROGBITS" or header["sh_flags"] & SH_FLAGS.SHF_COMPRESSED:
        raise FormatError(f"{name} is compressed or not stored in the file")
    if header["sh_size"] > largest:
        raise FormatError(f"{name} is too large", why=f"{header['sh_size']} bytes")
    return sections.contents(number)
