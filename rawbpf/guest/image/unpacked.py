"""Build a guest's root file system with an unpacked Python for another architecture.

The packages that rawbpf needs are copied from this machine. A .pth file in Python's dist-packages
lists their folders.

If the guest's Python has the same version as this Python, the bytecode is compiled here. Otherwise,
the guest compiles the modules that it imports, at every start.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import GuestError
from rawbpf.guest import cache
from rawbpf.guest.image.bytecode import pyc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rawbpf.guest.image.interpreter import Interpreter
    from rawbpf.guest.image.tree import Tree

__all__ = ["bring_unpacked"]

_PATHS = "rawbpf-guest.pth"


def bring_unpacked(tree: Tree, python: Interpreter, import_folders: Iterable[str]) -> None:
    """Add an unpacked Python to an archive, and the folders from which it imports packages.

    Raises GuestError if a file differs from its checksum.
    """
    root = python.root
    if root is None:
        raise ValueError("the host's Python is not unpacked")
    for folder in ("lib", "bin"):
        tree.link(f"/{folder}", f"usr/{folder}")
    for path in sorted((root / "usr").rglob("*")):
        inside = f"/{path.relative_to(root)}"
        if path.is_dir() and not path.is_symlink():
            tree.directory(inside)
        elif path.is_symlink():
            tree.link(inside, str(path.readlink()))
        elif cache.is_damaged(path, root):
            raise GuestError(
                f"{path} is damaged",
                why="the file differs from its checksum",
                fix=f"delete the folder {root}",
            )
        else:
            _bring(tree, path, inside, compiled=python.shares_bytecode)
    site = f"/usr/local/lib/{Path(python.executable).name}/dist-packages"
    tree.file(f"{site}/{_PATHS}", "".join(f"{one}\n" for one in import_folders).encode())


def _bring(tree: Tree, path: Path, inside: str, *, compiled: bool) -> None:
    """Add one file. With ``compiled``, a module is replaced with its bytecode."""
    code = pyc(path, inside) if compiled and path.suffix == ".py" else None
    if code is not None:
        tree.file(inside.removesuffix(".py") + ".pyc", code)
    else:
        tree.file(inside, path.read_bytes(), 0o755 if os.access(path, os.X_OK) else 0o644)
