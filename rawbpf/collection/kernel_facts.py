"""Facts about the running kernel that are needed to load objects, each read at most once.

Module BTF is read only if a name is not found in the kernel image's BTF. Modules are read one by
one, because there may be hundreds.
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
from rawbpf.kernel.btf import btf_modules
from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.kallsyms import find_all
from rawbpf.kernel.type_index import kernel_types
from rawbpf.kernel.version import KernelVersion, kernel_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.kernel.kallsyms import Symbol

__all__ = ["KernelFacts"]

_LARGEST = 256 << 20


class KernelFacts:
    """The running kernel. ``btf`` is a file to read instead of /sys/kernel/btf/vmlinux."""

    def __init__(self, btf: Path | None = None) -> None:
        self._path = btf
        self._symbols: dict[str, list[Symbol]] = {}

    @property
    def version(self) -> KernelVersion:
        """Return the version of the running kernel."""
        return kernel_version()

    @cached_property
    def types(self) -> Btf | None:
        """Return the kernel image's BTF, or None if the kernel was built without BTF."""
        return kernel_types() if self._path is None else Btf(read_input(self._path, _LARGEST))

    @cached_property
    def modules(self) -> Mapping[str, Btf]:
        """Return the BTF of each module, in the order in which the modules were loaded."""
        if self.types is None or self._path is not None:
            return {}
        return _Modules(self.types)

    def require_types(self) -> Btf:
        """Return the kernel image's BTF.

        Raises UnsupportedError if the kernel was built without BTF.
        """
        if self.types is None:
            raise UnsupportedError(
                "this kernel has no BTF",
                why="/sys/kernel/btf/vmlinux does not exist (CONFIG_DEBUG_INFO_BTF)",
                fix="specify a file with the kernel's BTF, or use `rawbpf guest`",
            )
        return self.types

    def setting(self, option: str) -> str | None:
        """Return the value of a CONFIG_* option, or None if it is not set or cannot be read."""
        value = kernel_config(option)
        return None if value == "n" else value

    def look_up(self, symbols: Iterable[str]) -> None:
        """Look up several symbols in a single pass over kallsyms, and cache the results."""
        new = [one for one in symbols if one not in self._symbols]
        if new:
            self._symbols |= find_all(new)

    def _symbol(self, name: str) -> list[Symbol]:
        self.look_up([name])
        return self._symbols[name]

    def address(self, symbol: str) -> int | None:
        """Return the address of a symbol, or None if the kernel has no such symbol.

        Raises UnsupportedError if addresses are hidden.
        """
        found = self._symbol(symbol)
        if not found:
            return None
        if not found[0].address:
            raise UnsupportedError(
                f"cannot get the address of {symbol!r}",
                why="addresses in /proc/kallsyms are hidden (kernel.kptr_restrict)",
                fix="run as root, or with CAP_SYSLOG",
            )
        return found[0].address

    def owners(self, symbol: str) -> list[str]:
        """Return the modules that define a symbol; "" denotes the kernel image."""
        return [one.module or "" for one in self._symbol(symbol)]

    @property
    def wraps_syscalls(self) -> bool:
        """Return whether system call functions take a pointer to registers (since 4.17)."""
        return bool(self._symbol(native().syscall_function("bpf")))

    @cached_property
    def has_cookies(self) -> bool:
        """Return whether the kernel has bpf_get_attach_cookie (5.15)."""
        from rawbpf.features.table import FEATURES

        return FEATURES["bpf_get_attach_cookie"].ask().outcome is Outcome.YES


class _Modules(Mapping[str, Btf]):
    """Reads the BTF of a module on first access."""

    def __init__(self, image: Btf) -> None:
        self._image = image
        self._read: dict[str, Btf] = {}

    def __getitem__(self, name: str) -> Btf:
        if name not in self._read:
            try:
                data = Path(f"/sys/kernel/btf/{name}").read_bytes()
            except FileNotFoundError:  # the module does not exist or has just been unloaded
                raise KeyError(name) from None
            self._read[name] = Btf(data, self._image)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in btf_modules() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)
