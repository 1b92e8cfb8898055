"""The running Python interpreter and its standard library, as files for the guest.

The interpreter reports the locations of its executable, ``os`` and extension modules. Modules that
need a screen or a compiler are omitted. The library is stored only as bytecode, with ``os.pyc`` in
place of ``os.py`` (PEP 3147), which the import system finds without looking for sources.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rawbpf.arch import X86_64, Architecture, native
from rawbpf.guest.image.bytecode import pyc
from rawbpf.guest.image.elf import loader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.guest.image.tree import Tree

__all__ = [
    "OWN",
    "Interpreter",
    "base_executable",
    "bring_interpreter",
    "library_files",
    "wanted_files",
]

_NOT_NEEDED = frozenset({
    "__pycache__", "site-packages", "dist-packages", "test", "tests", "idle_test", "idlelib",
    "tkinter", "turtledemo", "ensurepip", "lib2to3", "pydoc_data", "distutils", "msilib", "venv",
})  # fmt: skip
_NOT_NEEDED_MODULES = (
    "_tkinter", "turtle", "_test", "_ctypes_test", "_xx", "xx", "nis.", "ossaudiodev.",
)  # fmt: skip


class Interpreter(NamedTuple):
    """A guest's Python.

    ``executable`` is the path in the guest. ``root`` is the folder with the unpacked files of a
    Python for another architecture, or None for this Python.
    """

    arch: Architecture
    executable: str
    root: Path | None = None

    @property
    def shares_bytecode(self) -> bool:
        """Whether the guest's Python can run bytecode that this Python compiles."""
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        return self.root is None or Path(self.executable).name == name


OWN = Interpreter(native(X86_64), sys.executable)
"""The Python that runs this code, for guests of this machine's architecture."""


def base_executable() -> str:
    """Return the path of the interpreter, with links and virtual environments resolved."""
    return os.path.realpath(sys.executable)


def library_files() -> Iterator[Path]:
    """Yield the files of this Python's standard library for a guest."""
    return wanted_files(Path(os.__file__).parent)


def wanted_files(root: Path, keep: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield the files of a standard library for a guest: sources and extension modules.

    ``keep`` names folders that are otherwise omitted.
    """
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(
            name
            for name in folders
            if name in keep or not (name in _NOT_NEEDED or name.startswith("config-"))
        )
        for name in sorted(files):
            wanted = name.endswith((".py", ".so")) and not name.startswith(_NOT_NEEDED_MODULES)
            if wanted:
                yield Path(folder, name)


def bring_interpreter(tree: Tree) -> None:
    """Add the executable under each of its names, and add the standard library."""
    executable = base_executable()
    tree.bring(sys.executable)
    tree.bring(executable)
    tree.bring_libraries(executable)
    asked = loader(Path(executable))
    for path in library_files():
        if path.suffix == ".so":
            tree.bring_libraries(tree.bring(path), default_loader=asked)
        elif (code := pyc(path)) is not None:
            tree.bring(path.parent)
            tree.file(f"{os.path.realpath(path.parent)}/{path.stem}.pyc", code)
    for extra in ("/etc/ld.so.cache", "/etc/localtime"):
        if Path(extra).exists():
            tree.bring(extra)
