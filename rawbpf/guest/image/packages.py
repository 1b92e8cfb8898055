"""Find installed packages and their dependencies through their metadata.

Each package in site-packages has a folder NAME-VERSION.dist-info next to it. METADATA contains the
package's name and requirements, RECORD lists its files, and entry_points.txt contains the names
that other packages look up (the core metadata and "recording installed projects" specifications). A
requirement that is not installed, such as one for another operating system, is ignored.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Package", "closure", "installed", "normalized"]


class Package(NamedTuple):
    """An installed package: its name, its requirements, and its metadata folder."""

    name: str
    requires: frozenset[str]
    info: Path

    def offers(self, group: str) -> bool:
        """Return whether the distribution has entry points in a group, such as "pytest11"."""
        points = self.info / "entry_points.txt"
        return points.exists() and f"[{group}]" in points.read_text(encoding="utf-8")

    def files(self) -> Iterator[Path]:
        """Yield the package's files in site-packages, except bytecode and scripts."""
        site = self.info.parent
        for listed in self._listed(site):
            path = site / listed
            if listed.startswith("..") or "__pycache__" in listed or not path.is_file():
                continue
            yield path

    @property
    def is_pure(self) -> bool:
        """Whether the package contains no compiled modules, which run on one architecture only."""
        return not any(".so" in path.suffixes for path in self.files())

    def _listed(self, site: Path) -> Iterator[str]:
        record = self.info / "RECORD"
        if record.exists():
            for line in record.read_text(encoding="utf-8").splitlines():
                yield line.rsplit(",", 2)[0].strip('"')
            return
        # Packages from Linux distributions have no RECORD, so their modules are found by name.
        top = self.info / "top_level.txt"
        names = top.read_text(encoding="utf-8").split() if top.exists() else [self.name]
        for start in (self.info, *(site / name.replace("-", "_") for name in names)):
            for folder, _, files in os.walk(start):
                yield from (os.path.relpath(f"{folder}/{file}", site) for file in files)
            if start.with_suffix(".py").is_file():
                yield start.with_suffix(".py").name


def normalized(name: str) -> str:
    """Normalize a name for comparison, in the same way as package indexes.

    >>> normalized("Docopt_NG")
    'docopt-ng'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(paths: list[str] | None = None) -> dict[str, Package]:
    """Return all packages on the import path, by normalized name.

    If a package is found twice, the first one is used.
    """
    found: dict[str, Package] = {}
    for folder in sys.path if paths is None else paths:
        if Path(folder or ".").is_dir():
            for info in sorted(Path(folder or ".").resolve().glob("*.dist-info")):
                package = _read(info)
                if package is not None:
                    found.setdefault(package.name, package)
    return found


def _read(info: Path) -> Package | None:
    try:
        text = (info / "METADATA").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    head = text.partition("\n\n")[0]
    name = re.search(r"^Name: *(\S+)", head, re.MULTILINE)
    if name is None:
        return None
    wanted = re.findall(r"^Requires-Dist: *([A-Za-z0-9._-]+)(.*)$", head, re.MULTILINE)
    requires = {normalized(word) for word, rest in wanted if not re.search(r"\bextra\s*==", rest)}
    return Package(normalized(name[1]), frozenset(requires), info)


def closure(roots: list[str], packages: dict[str, Package]) -> list[Package]:
    """Return those of ``roots`` that are installed, and all their dependencies, by name."""
    wanted, reached = list(roots), set[str]()
    while wanted:
        name = wanted.pop()
        if name in packages and name not in reached:
            reached.add(name)
            wanted.extend(packages[name].requires)
    return [packages[name] for name in sorted(reached)]
