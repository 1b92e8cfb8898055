"""Provide files that a rawbpf command needs in a guest: compiled C programs, and the gallery.

A guest has no compiler, so C files are compiled on the host, and the command receives the objects
instead.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rawbpf.cli.objects.object_file import compile_source, is_c

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from rawbpf.cli.objects.object_file import Target

__all__ = [
    "clang_of",
    "with_gallery",
    "with_objects",
]

_CLANG = "--clang"
_GALLERY = "gallery"


@contextmanager
def with_objects(
    words: list[str], commands: Collection[str], target: Callable[[], Target] | None = None
) -> Iterator[list[str]]:
    """Compile the C files in a rawbpf command, and replace them with the paths of their objects.

    ``target`` returns the guest's kernel, if the guest has another architecture.
    """
    sources = [word for word in words if is_c(word) and Path(word).is_file()]
    if not sources or words[0] not in commands:
        yield words
        return
    with TemporaryDirectory(prefix="rawbpf-") as folder:
        objects = {}
        for number, source in enumerate(sources):
            built = Path(folder, str(number), Path(source).stem + ".o")
            built.parent.mkdir()
            built.write_bytes(compile_source(source, clang_of(words), target and target()))
            objects[source] = str(built)
        yield [objects.get(word, word) for word in words]


def clang_of(words: list[str]) -> str | None:
    """Return the value of the option --clang."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == _CLANG:
            return following
        if word.startswith(f"{_CLANG}="):
            return word.removeprefix(f"{_CLANG}=")
    return None


@contextmanager
def with_gallery(
    words: list[str], target: Callable[[], Target] | None = None
) -> Iterator[list[str]]:
    """Pass the gallery to the command ``gallery`` with --from, compiling the programs it names.

    Unknown names are reported by the command itself.
    """
    if words[:1] != [_GALLERY] or any(word.startswith("--from") for word in words):
        yield words
        return
    from rawbpf.verifier.exhibits import exhibits

    place = exhibits()[0].path.parent
    sources = [
        one
        for one in exhibits()
        if one.path.suffix == ".c" and ({one.name, str(one.number)} & set(words[1:]))
    ]
    if not sources:  # the guest has the same paths, so the output is valid on the host as well
        yield [*words, f"--from={place}"]
        return
    with TemporaryDirectory(prefix="rawbpf-") as folder:
        copied = Path(folder, _GALLERY)
        copytree(place, copied)
        for path in (path for one in sources for path in (one.path, one.fixed_path)):
            built = (copied / path.name).with_suffix(".o")
            built.write_bytes(compile_source(str(path), clang_of(words), target and target()))
        yield [*words, f"--from={copied}"]
