"""Download Python for guests of another architecture, from Debian's packages.

This machine's Python runs only in guests of this machine's architecture. For other guests, Debian's
packages of the same Python version are downloaded and unpacked into the cache, without being
installed. Only the files that a guest may need are kept.

hypothesis, which tests import, contains compiled modules, so Debian's version is downloaded too.
Other packages that rawbpf and its tests import are pure Python and are copied from this machine.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rawbpf.errors import GuestError
from rawbpf.guest import cache
from rawbpf.guest.image.interpreter import Interpreter, wanted_files
from rawbpf.guest.kernels.apt import private_apt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rawbpf.arch import Architecture

__all__ = ["is_whole", "unpacked_python"]

_SUITES = {(3, 11): "bookworm", (3, 13): "trixie"}
"""The Python versions that Debian releases offer, and the first suite with each version."""

_FOR_TESTS = ("python3-hypothesis",)

_ORIGIN = "origin"


def unpacked_python(arch: Architecture, say: Callable[[str], None]) -> Interpreter:
    """Return a Python for guests of an architecture, downloading it if it is not cached.

    It has the same version as this Python if a Debian release offers that version.
    """
    version = sys.version_info[:2] if sys.version_info[:2] in _SUITES else min(_SUITES)
    name = f"python{version[0]}.{version[1]}"
    target = cache.folder("pythons") / f"{name}-{arch.debian}"
    wanted = [f"{name}-minimal", f"lib{name}-stdlib", *_FOR_TESTS]
    if not is_whole(target, wanted):
        _fetch(arch, _SUITES[version], target, wanted, say)
    return Interpreter(arch, f"/usr/bin/{name}", target)


def is_whole(target: Path, wanted: list[str]) -> bool:
    """Return whether the cache contains these packages. Files are checked when they are used."""
    try:
        with cache.errors_named(f"cannot read {target}"):
            origin = (target / _ORIGIN).read_text(encoding="utf-8", errors="replace")
            return _line(wanted) in origin and not cache.is_damaged(target / _ORIGIN, target)
    except GuestError:
        return False


def _line(wanted: list[str]) -> str:
    return f"Packages: {' '.join(wanted)}\n"


def _fetch(
    arch: Architecture, suite: str, target: Path, wanted: list[str], say: Callable[[str], None]
) -> None:
    name = target.name.partition("-")[0]
    with private_apt(suite, f"{name} for {arch.name}", say, arch) as apt:
        if is_whole(target, wanted):  # another process has downloaded it in the meantime
            return
        say(f"downloading {name} for {arch.name} from {suite}")
        apt.update()
        packages = apt.with_dependencies(wanted)
        unpacked = apt.unpack(packages)
        ready = apt.folder / "ready"
        ready.mkdir()
        for path in _needed(unpacked, name, arch):
            place = ready / _merged(path.relative_to(unpacked))
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)
        origin = f"Suite: {suite}\n{_line(wanted)}With: {' '.join(packages)}\n"
        (ready / _ORIGIN).write_text(origin, encoding="utf-8")
        cache.replace_folder(ready, target)


def _merged(path: Path) -> Path:
    """Return the path in a system where /lib is a link to /usr/lib, as in the guest."""
    return path if path.parts[0] == "usr" else Path("usr") / path


def _needed(root: Path, name: str, arch: Architecture) -> Iterator[Path]:
    """Yield the files of Python, its library, and the shared libraries that it may load."""
    yield root / "usr/bin" / name
    for library in (name, "python3"):
        yield from wanted_files(root / "usr/lib" / library, keep=("dist-packages",))
    for folder in ("lib", "usr/lib"):
        yield from (root / folder).glob("ld-linux*")
        yield from (root / folder / arch.multiarch).glob("*.so*")
