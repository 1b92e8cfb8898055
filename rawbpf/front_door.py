"""Front doors: a package's public names, which are imported on first use (PEP 562).

``import rawbpf.asm`` imports no submodules; ``rawbpf.asm.Builder`` imports the module that defines
``Builder``. A program that needs only one name spends no time importing other modules. Names that a
front door does not list in ``__all__`` are private and may change at any time.

>>> load, names = front_door("rawbpf", {"KernelError": "rawbpf.errors"})
>>> load("KernelError").__name__, names()
('KernelError', ['KernelError'])
>>> load("Kernel")
Traceback (most recent call last):
...
AttributeError: module 'rawbpf' has no attribute 'Kernel'
"""

from __future__ import annotations

from importlib import import_module

from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["front_door"]


def front_door(
    package: str, homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for ``package``; ``homes`` maps names to modules."""

    def load(name: str) -> Any:  # noqa: ANN401 -- a package holds names of every type
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(homes[name]), name)

    def names() -> list[str]:
        return sorted(homes)

    return load, names
