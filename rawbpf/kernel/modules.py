"""Loaded modules: a function of a module can be probed only while the module is in."""

from __future__ import annotations

from rawbpf.kernel.files import Root, read_text

__all__ = ["loaded_modules"]


def loaded_modules(root: Root = "/") -> frozenset[str]:
    """Names from /proc/modules; empty for a kernel that has none, or is built without them."""
    lines = (read_text(root, "/proc/modules") or "").splitlines()
    return frozenset(line.split()[0] for line in lines if line.strip())
