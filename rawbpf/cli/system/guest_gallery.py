"""The gallery in a guest, where neither its programs nor a compiler would be.

Its folder goes along, with objects beside those programs in C that were asked for.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["with_gallery"]

_COMMAND = "gallery"


@contextmanager
def with_gallery(words: list[str]) -> Iterator[list[str]]:
    """The words of ``gallery`` with --from; of another command as they are."""
    if words[:1] != [_COMMAND] or any(word.startswith("--from") for word in words):
        yield words
        return
    with TemporaryDirectory(prefix="rawbpf-") as folder:
        place = Path(folder, _COMMAND)
        _fill(place, words[1:])
        yield [*words, f"--from={place}"]


def _fill(place: Path, words: list[str]) -> None:
    """Copy all, compile what is asked for; what it is called wrongly, the command will say."""
    from rawbpf.cli.objects.object_file import compile_source
    from rawbpf.cli.system.guest_objects import clang_of
    from rawbpf.verifier.exhibits import exhibits

    copytree(exhibits()[0].path.parent, place)
    for one in exhibits():
        if one.path.suffix == ".c" and ({one.name, str(one.number)} & set(words)):
            for path in (one.path, one.fixed_path):
                target = (place / path.name).with_suffix(".o")
                target.write_bytes(compile_source(str(path), clang_of(words)))
