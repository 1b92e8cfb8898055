"""Modules of a kernel: which there are, what each needs, their bytes as finit_module(2) takes them.

    MODULES/modules.builtin       kernel/lib/libcrc32c.ko      part of the image: nothing to load
    MODULES/kernel/.../x.ko[.xz]  an object file; its section .modinfo has name=, depends=a,b

MODULES is the folder beside a cached kernel, or /lib/modules/RELEASE for one of this machine's.
modprobe reads dependencies from modules.dep, which depmod writes when a package is installed; ours
are only unpacked. A file name may have "-" where the module's own name has "_".
"""

from __future__ import annotations

import gzip
import lzma
import re
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.errors import GuestError, UsageError, did_you_mean
from rawbpf.guest.image.elf import contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from rawbpf.guest.kernels.choice import Kernel

__all__ = ["Module", "modules_for"]


class Module(NamedTuple):
    """One to be loaded; ``data`` is the object file, unpacked."""

    name: str
    data: bytes

    @property
    def needs(self) -> list[str]:
        """The modules that have to be loaded before."""
        found = re.search(rb"(?:^|\0)depends=([^\0]*)", contents(self.data, ".modinfo"))
        return found[1].decode().split(",") if found and found[1] else []


def modules_for(kernel: Kernel, names: Iterable[str]) -> list[Module]:
    """These modules and all that they need, each once and behind what it needs.

    UsageError: the kernel has no such module. GuestError: there are no modules of it here.
    """
    wanted = [name.replace("-", "_") for name in names]
    if not wanted:
        return []
    folder = kernel.modules
    if folder is None:
        raise GuestError(
            f"there are no modules of the kernel {kernel.vmlinuz}",
            why="neither beside it nor in /lib/modules",
            fix="use one that tools/fetch-kernel brings, without a path",
        )
    return list(_Shelf(folder).with_needs(wanted).values())


class _Shelf:
    """A folder of modules."""

    def __init__(self, folder: Path) -> None:
        builtin = folder / "modules.builtin"
        lines = builtin.read_text(encoding="utf-8").splitlines() if builtin.exists() else []
        self._builtin = {_name(line) for line in lines}
        self._files = {_name(path.name): path for path in folder.rglob("*.ko*")}

    def with_needs(self, names: Iterable[str]) -> dict[str, Module]:
        """In an order to load them in. A kernel's modules need each other in no circle."""
        ordered: dict[str, Module] = {}
        for name in names:
            if name in ordered or name in self._builtin:
                continue
            module = self._read(name)
            ordered |= self.with_needs(one for one in module.needs if one not in ordered)
            ordered[name] = module
        return ordered

    def _read(self, name: str) -> Module:
        path = self._files.get(name)
        if path is None:
            what = f"this kernel has no module {name!r}"
            raise UsageError(what, fix=did_you_mean(name, self._files))
        unpack = _PACKED.get(path.suffix)
        if unpack is None:
            why = f"{path.name} is packed in a way that Python does not know"
            raise GuestError(f"cannot bring module {name}", why=why)
        try:
            return Module(name, unpack(path.read_bytes()))
        except (OSError, lzma.LZMAError) as error:
            raise GuestError(f"cannot bring module {name}", why=f"{path}: {error}") from None


_PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".ko": bytes,
    ".xz": lzma.decompress,
    ".gz": gzip.decompress,
}


def _name(path: str) -> str:
    """The module in a file of this name.

    >>> _name("kernel/net/ipv4/tcp-bbr.ko.xz")
    'tcp_bbr'
    """
    return path.rpartition("/")[2].partition(".ko")[0].replace("-", "_")
