"""Loaded modules: a function of a module can be probed only while the module is in."""

from __future__ import annotations

from rawbpf.kernel.files import Root, read_text

__all__ = ["loaded_modules"]


def loaded_modules(root: Root = "/") -> list[str]:
    """Names from /proc/modules, which begins with the youngest; here that is the last.

    None for a kernel that has none, or is built without them.
    """
    lines = (read_text(root, "/proc/modules") or "").splitlines()
    return [line.split()[0] for line in reversed(lines) if line.strip()]
