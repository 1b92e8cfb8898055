"""Where the kernel keeps the description of its own types.

With CONFIG_DEBUG_INFO_BTF (5.2) /sys/kernel/btf/vmlinux holds the types of the kernel image, and
since 5.11 a file beside it holds those of each module. Everybody may read them.
"""

from __future__ import annotations

import os

from rawbpf.kernel.files import Root, at
from rawbpf.kernel.modules import loaded_modules

__all__ = ["btf_modules", "vmlinux_btf"]

_FOLDER = "/sys/kernel/btf"


def vmlinux_btf(root: Root = "/") -> str | None:
    """The path of the kernel's BTF; None if it has none."""
    path = at(root, f"{_FOLDER}/vmlinux")
    return path if os.path.exists(path) else None  # noqa: PTH110 -- see files.at


def btf_modules(root: Root = "/") -> list[str]:
    """The names of the modules that bring BTF of their own, in the order they were loaded in."""
    try:
        names = os.listdir(at(root, _FOLDER))  # noqa: PTH208 -- see files.at
    except FileNotFoundError:
        return []
    order = {name: place for place, name in enumerate(loaded_modules(root))}
    return sorted(set(names) - {"vmlinux"}, key=lambda name: (order.get(name, len(order)), name))
