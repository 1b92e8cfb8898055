"""Download third-party BPF objects for tests from Debian into the user's cache.

Usage:
  fetch-objects
  fetch-objects (-h | --help)

The packages are those of bookworm: the objects from libxdp1 and ir-keytable, and the executables
from xdp-tools and libbpf-tools, which embed BPF objects. Cached objects are updated. The command
does not need root and does not install anything.

Options:
  -h, --help  Show this help.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING

from docopt import docopt

from rawbpf.errors import GuestError, RawbpfError
from rawbpf.guest import cache
from rawbpf.guest.kernels.apt import Apt, field, private_apt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["bring", "fetch", "folder"]

SUITE = "bookworm"
PACKAGES = {
    "xdp-tools": "sbin/*",
    "libxdp1": "*.o",
    "ir-keytable": "*.o",
    "libbpf-tools": "sbin/*",
}
"""Maps each package to the pattern for the files to keep."""

A_DAY = 24 * 60 * 60


def folder() -> Path:
    """Return the folder that contains a folder of objects for each package."""
    return cache.folder("objects") / SUITE


def bring(say: Callable[[str], None]) -> str:
    """Update the objects once a day.

    Return why objects are missing, or "" if all of them are present."""
    origin = folder() / "origin"
    if origin.exists() and time.time() - origin.stat().st_mtime < A_DAY:
        return ""
    try:
        fetch(say)
    except RawbpfError as error:
        say(str(error))
        return "" if origin.exists() else str(error)
    return ""


def fetch(say: Callable[[str], None]) -> None:
    """Download the current versions of the packages. Raises GuestError if a download fails."""
    with private_apt(SUITE, f"objects of {SUITE}", say) as apt:
        say(f"looking up {', '.join(PACKAGES)} in {SUITE}")
        apt.update()
        versions = {name: field(apt.show(name), "Version") for name in PACKAGES}
        origin = "".join(f"{name} {version}\n" for name, version in versions.items())
        known = folder() / "origin"
        if known.exists() and known.read_text(encoding="utf-8") == origin:
            known.touch()
            return
        _keep(apt, origin)


def _keep(apt: Apt, origin: str) -> None:
    ready = apt.folder / "ready"
    for package, pattern in PACKAGES.items():
        target = ready / package
        target.mkdir(parents=True)
        unpacked = apt.unpack([package])
        found = [path for path in unpacked.rglob(pattern) if path.is_file()]
        if not found:
            raise GuestError(f"package {package} does not contain {pattern}")
        for path in found:
            shutil.copy2(path, target / path.name, follow_symlinks=False)
        shutil.rmtree(unpacked)
        unpacked.mkdir()
    (ready / "origin").write_text(origin, encoding="utf-8")
    cache.replace_folder(ready, folder())


def main() -> int:
    docopt(__doc__)
    try:
        fetch(lambda message: print(f"fetch-objects: {message}", file=sys.stderr))
    except RawbpfError as error:
        print(f"fetch-objects: {error}", file=sys.stderr)
        return 1
    for path in sorted(folder().glob("*/*")):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
