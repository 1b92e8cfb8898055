"""C files for a guest: compiled here, for a guest has no compiler.

In the guest the command finds an object of the same name where the C file would have been given.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rawbpf.cli.objects.object_file import compile_source, is_c

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["clang_of", "with_objects"]

_CLANG = "--clang"


@contextmanager
def with_objects(words: list[str], commands: Collection[str]) -> Iterator[list[str]]:
    """The words of a rawbpf command with an object's path for each C file; others as they are."""
    sources = [word for word in words if is_c(word) and Path(word).is_file()]
    if not sources or words[0] not in commands:
        yield words
        return
    with TemporaryDirectory(prefix="rawbpf-") as folder:
        objects = {}
        for number, source in enumerate(sources):
            target = Path(folder, str(number), Path(source).stem + ".o")
            target.parent.mkdir()
            target.write_bytes(compile_source(source, clang_of(words)))
            objects[source] = str(target)
        yield [objects.get(word, word) for word in words]


def clang_of(words: list[str]) -> str | None:
    """Which clang the command asks for."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == _CLANG:
            return following
        if word.startswith(f"{_CLANG}="):
            return word.removeprefix(f"{_CLANG}=")
    return None
