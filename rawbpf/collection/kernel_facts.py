"""What the loading of objects asks of the running kernel, each thing read at most once.

The BTF of modules is read only if the kernel image's does not answer: there may be hundreds.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.btf.btf import Btf
from rawbpf.errors import UnsupportedError
from rawbpf.features.answer import Outcome
from rawbpf.kernel.btf import btf_modules, vmlinux_btf
from rawbpf.kernel.config import kernel_config
from rawbpf.kernel.kallsyms import find_symbols
from rawbpf.kernel.version import KernelVersion, architecture, kernel_version

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["KernelFacts"]


class KernelFacts:
    """The running kernel. ``btf``: a file to read instead of /sys/kernel/btf/vmlinux."""

    def __init__(self, btf: Path | None = None) -> None:
        self._path = btf

    @property
    def version(self) -> KernelVersion:
        """Its version, as exact as it tells."""
        return kernel_version()

    @cached_property
    def types(self) -> Btf | None:
        """The types of the kernel image; None if it was built without BTF."""
        path = self._path or vmlinux_btf()
        return None if path is None else Btf(Path(path).read_bytes())

    @cached_property
    def modules(self) -> dict[str, Btf]:
        """The types of each module. Reading them takes a moment; ask ``types`` first."""
        return dict(self._modules())

    def _modules(self) -> Iterator[tuple[str, Btf]]:
        if self.types is None or self._path is not None:
            return
        for name in btf_modules():
            try:
                data = Path(f"/sys/kernel/btf/{name}").read_bytes()
            except FileNotFoundError:  # it was unloaded meanwhile
                continue
            yield name, Btf(data, self.types)

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

    def address(self, symbol: str) -> int | None:
        """The address of a symbol; None if there is none. Hidden addresses are an error."""
        found = find_symbols(symbol)
        if not found:
            return None
        if not found[0].address:
            raise UnsupportedError(
                f"the kernel does not say where {symbol!r} is",
                why="addresses in /proc/kallsyms are hidden (kernel.kptr_restrict)",
                fix="run as root, or with CAP_SYSLOG",
            )
        return found[0].address

    @cached_property
    def wraps_syscalls(self) -> bool:
        """Whether a system call's function takes its arguments as registers (4.17 and later)."""
        prefix = {"x86_64": "x64", "aarch64": "arm64"}.get(architecture(), architecture())
        return bool(find_symbols(f"__{prefix}_sys_bpf"))

    @cached_property
    def has_cookies(self) -> bool:
        """Whether a program can tell its attachments apart (bpf_get_attach_cookie, 5.15)."""
        from rawbpf.features.table import FEATURES

        return FEATURES["bpf_get_attach_cookie"].ask().outcome is Outcome.YES
