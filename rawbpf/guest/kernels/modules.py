"""A kernel's modules: their names, dependencies, and contents for finit_module(2).

    MODULES/modules.builtin      │ kernel/lib/libcrc32c.ko      built in: nothing to load
    MODULES/kernel/.../x.ko[.xz] │ an object file; its section .modinfo has name=, depends=a,b

MODULES is the folder next to a cached kernel, or /lib/modules/RELEASE for a kernel of the host.
modprobe reads dependencies from modules.dep, which depmod writes when a package is installed, but
rawbpf only unpacks packages. A file name may contain "-" in places where the module's name contains
"_".
"""

from __future__ import annotations

import gzip
import lzma
import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import GuestError, UsageError, did_you_mean
from rawbpf.guest import cache
from rawbpf.guest.image.elf import contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rawbpf.guest.kernels.choice import Kernel

__all__ = ["Module", "modules_for"]


class Module(NamedTuple):
    """A module to load. ``data`` is the uncompressed object file."""

    name: str
    data: bytes

    @property
    def needs(self) -> list[str]:
        """Return the modules that have to be loaded before this module."""
        found = re.search(rb"(?:^|\0)depends=([^\0]*)", contents(self.data, ".modinfo"))
        return found[1].decode().split(",") if found and found[1] else []


def modules_for(kernel: Kernel, names: Iterable[str]) -> list[Module]:
    """Return the named modules and their dependencies, with each module after its dependencies.

    Raises UsageError if the kernel does not have a module, GuestError if the kernel's modules are
    not available.
    """
    wanted = [name.replace("-", "_") for name in names]
    if not wanted:
        return []
    folder = kernel.modules
    if folder is None:
        raise GuestError(
            f"the modules of kernel {kernel.vmlinuz} are not available",
            why="modules are neither next to the image nor in /lib/modules",
            fix=(
                "use a kernel that tools/fetch-kernel downloaded, and specify its version "
                "instead of a path"
            ),
        )
    return list(_Shelf(folder).with_needs(wanted).values())


class _Shelf:
    """A folder that contains modules."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        builtin = folder / "modules.builtin"
        lines = builtin.read_text(encoding="utf-8").splitlines() if builtin.exists() else []
        self._builtin = {_name(line) for line in lines}
        self._files = {_name(path.name): path for path in folder.rglob("*.ko*")}

    def with_needs(self, names: Iterable[str]) -> dict[str, Module]:
        """Return modules in the order in which to load them. The dependencies contain no cycles."""
        ordered: dict[str, Module] = {}
        for name in names:
            if name in ordered or name in self._builtin:
                continue
            module = self._read(name)
            ordered |= self.with_needs(one for one in module.needs if one not in ordered)
            ordered[name] = module
        return ordered

    def _bytes(self, path: Path) -> bytes:
        """Return the contents of a file.

        Raises OSError if the contents do not match the checksum.
        """
        if cache.is_damaged(path, self._folder.parent):
            raise OSError("the module does not match its checksum")
        return path.read_bytes()

    def _read(self, name: str) -> Module:
        path = self._files.get(name)
        if path is None:
            what = f"this kernel has no module {name!r}"
            raise UsageError(what, fix=did_you_mean(name, self._files))
        unpack = _PACKED.get(path.suffix)
        if unpack is None:
            why = f"Python cannot decompress {path.name}"
            raise GuestError(f"cannot read module {name}", why=why)
        try:
            return Module(name, unpack(self._bytes(path)))
        except (OSError, lzma.LZMAError) as error:
            raise GuestError(f"cannot read module {name}", why=f"{path}: {error}") from None


_PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".ko": bytes,
    ".xz": lzma.decompress,
    ".gz": gzip.decompress,
}


def _name(path: str) -> str:
    """Return the name of the module that a file contains.

    >>> _name("kernel/net/ipv4/tcp-bbr.ko.xz")
    'tcp_bbr'
    """
    return path.rpartition("/")[2].partition(".ko")[0].replace("-", "_")
