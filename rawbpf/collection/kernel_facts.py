"""What the loading of objects asks of the running kernel, each thing read at most once.

The BTF of modules is read only if the kernel image's does not answer, and one after the other, as
far as need be: there may be hundreds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.arch import native
from rawbpf.btf.btf import Btf
from rawbpf.errors import UnsupportedError
from rawbpf.features.answer import Outcome
from rawbpf.input_file import read_input
from rawbpf.kernel.btf import btf_modules, vmlinux_btf
from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.kallsyms import find_all
from rawbpf.kernel.version import KernelVersion, kernel_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.kernel.kallsyms import Symbol

__all__ = ["KernelFacts"]

_LARGEST = 256 << 20


class KernelFacts:
    """The running kernel. ``btf``: a file to read instead of /sys/kernel/btf/vmlinux."""

    def __init__(self, btf: Path | None = None) -> None:
        self._path = btf
        self._symbols: dict[str, list[Symbol]] = {}

    @property
    def version(self) -> KernelVersion:
        """Its version, as exact as it tells."""
        return kernel_version()

    @cached_property
    def types(self) -> Btf | None:
        """The types of the kernel image; None if it was built without BTF."""
        path = self._path or vmlinux_btf()
        return None if path is None else Btf(read_input(path, _LARGEST))

    @cached_property
    def modules(self) -> Mapping[str, Btf]:
        """The types of each module, in the order they were loaded in; ask ``types`` first."""
        if self.types is None or self._path is not None:
            return {}
        return _Modules(self.types)

    def require_types(self) -> Btf:
        """The types, or UnsupportedError."""
        if self.types is None:
            raise UnsupportedError(
                "this kernel does not describe its types",
                why="/sys/kernel/btf/vmlinux is not there (CONFIG_DEBUG_INFO_BTF)",
                fix="give a file with its BTF, or use `rawbpf guest`",
            )
        return self.types

    def setting(self, option: str) -> str | None:
        """What CONFIG_* was set to; None if it is not set, or the configuration not to be found."""
        value = kernel_config(option)
        return None if value == "n" else value

    def look_up(self, symbols: Iterable[str]) -> None:
        """Read the list of symbols once for all of these, which will be asked for."""
        new = [one for one in symbols if one not in self._symbols]
        if new:
            self._symbols |= find_all(new)

    def _symbol(self, name: str) -> list[Symbol]:
        self.look_up([name])
        return self._symbols[name]

    def address(self, symbol: str) -> int | None:
        """The address of a symbol; None if there is none. Hidden addresses are an error."""
        found = self._symbol(symbol)
        if not found:
            return None
        if not found[0].address:
            raise UnsupportedError(
                f"the kernel does not say where {symbol!r} is",
                why="addresses in /proc/kallsyms are hidden (kernel.kptr_restrict)",
                fix="run as root, or with CAP_SYSLOG",
            )
        return found[0].address

    def owners(self, symbol: str) -> list[str]:
        """The modules with a symbol of this name; "" among them is the kernel image."""
        return [one.module or "" for one in self._symbol(symbol)]

    @property
    def wraps_syscalls(self) -> bool:
        """Whether a system call's function takes its arguments as registers (4.17 and later)."""
        return bool(self._symbol(native().syscall_function("bpf")))

    @cached_property
    def has_cookies(self) -> bool:
        """Whether a program can tell its attachments apart (bpf_get_attach_cookie, 5.15)."""
        from rawbpf.features.table import FEATURES

        return FEATURES["bpf_get_attach_cookie"].ask().outcome is Outcome.YES


class _Modules(Mapping[str, Btf]):
    """Each module's types are read when it is their turn."""

    def __init__(self, image: Btf) -> None:
        self._image = image
        self._read: dict[str, Btf] = {}

    def __getitem__(self, name: str) -> Btf:
        if name not in self._read:
            try:
                data = Path(f"/sys/kernel/btf/{name}").read_bytes()
            except FileNotFoundError:  # or it was unloaded meanwhile
                raise KeyError(name) from None
            self._read[name] = Btf(data, self._image)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in btf_modules() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
