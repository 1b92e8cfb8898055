"""The cache of kernels and images, where files appear complete or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["folder", "replace_folder", "write_whole"]


def folder(*parts: str) -> Path:
    """Return a folder in the user's cache, and create it if necessary.

    RAWBPF_CACHE overrides the location of the cache.
    """
    named = os.environ.get("RAWBPF_CACHE")
    if named:
        root = Path(named)
    else:
        from platformdirs import user_cache_path

        root = user_cache_path("rawbpf")
    path = root.joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a temporary file, then rename it, so that a reader never sees half of it."""
    with _beside(path) as partial:
        with partial.open("wb") as file:
            file.writelines(pieces)
        partial.replace(path)


def replace_folder(ready: Path, target: Path) -> None:
    """Replace ``target`` by the folder ``ready``, which must be on the same file system."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    ready.rename(target)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)
