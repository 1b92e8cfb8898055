"""Read the type information (BTF) of the kernel image and of modules from files.

With CONFIG_DEBUG_INFO_BTF (5.2), /sys/kernel/btf/vmlinux contains the types of the kernel image.
Since 5.11, the same folder contains a file with the types of each module. All users may read these
files.
"""

from __future__ import annotations

import os

from rawbpf.kernel.hardware import Root, at, read_text

__all__ = ["btf_modules", "loaded_modules", "vmlinux_btf"]

_FOLDER = "/sys/kernel/btf"


def vmlinux_btf(root: Root = "/") -> str | None:
    """Return the path of the kernel's BTF, or None if the kernel has no BTF."""
    path = at(root, f"{_FOLDER}/vmlinux")
    return path if os.path.exists(path) else None  # noqa: PTH110 -- see files.at


def btf_modules(root: Root = "/") -> list[str]:
    """Return the names of modules with BTF, in the order in which the modules were loaded."""
    try:
        names = os.listdir(at(root, _FOLDER))  # noqa: PTH208 -- see files.at
    except FileNotFoundError:
        return []
    order = {name: place for place, name in enumerate(loaded_modules(root))}
    return sorted(set(names) - {"vmlinux"}, key=lambda name: (order.get(name, len(order)), name))


def loaded_modules(root: Root = "/") -> list[str]:
    """Return the names of loaded modules in load order."""
    lines = (read_text(root, "/proc/modules") or "").splitlines()
    return [line.split()[0] for line in reversed(lines) if line.strip()]
