"""Installed packages, and what each of them needs, from their own metadata.

Beside every package that an installer put into site-packages stands NAME-VERSION.dist-info:
METADATA names it and what it requires, RECORD lists its files, entry_points.txt the names that
others look up in it (the core metadata and "recording installed projects" specifications). From a
few roots this gives the files that have to come along. A requirement for another system or an
optional extra that is not installed is no error: what is absent cannot be needed.
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
    """One installed distribution: its name, what it requires, where its metadata is."""

    name: str
    requires: frozenset[str]
    info: Path

    def offers(self, group: str) -> bool:
        """Whether it has entry points of a group, such as "pytest11"."""
        points = self.info / "entry_points.txt"
        return points.exists() and f"[{group}]" in points.read_text(encoding="utf-8")

    def files(self) -> Iterator[Path]:
        """Its files in and below site-packages, metadata included; bytecode and scripts not."""
        site = self.info.parent
        for listed in self._listed(site):
            path = site / listed
            if listed.startswith("..") or "__pycache__" in listed or not path.is_file():
                continue
            yield path

    def _listed(self, site: Path) -> Iterator[str]:
        record = self.info / "RECORD"
        if record.exists():
            for line in record.read_text(encoding="utf-8").splitlines():
                yield line.rsplit(",", 2)[0].strip('"')
            return
        # Distributions' own packages come without RECORD; their modules are named after them.
        top = self.info / "top_level.txt"
        names = top.read_text(encoding="utf-8").split() if top.exists() else [self.name]
        for start in (self.info, *(site / name.replace("-", "_") for name in names)):
            for folder, _, files in os.walk(start):
                yield from (os.path.relpath(f"{folder}/{file}", site) for file in files)
            if start.with_suffix(".py").is_file():
                yield start.with_suffix(".py").name


def normalized(name: str) -> str:
    """A name as package indexes compare it.

    >>> normalized("Docopt_NG")
    'docopt-ng'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(paths: list[str] | None = None) -> dict[str, Package]:
    """Every distribution on the import path, by normalized name; the first one found wins."""
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
    """The roots that are installed and everything they require, each once, by name."""
    wanted, reached = list(roots), set[str]()
    while wanted:
        name = wanted.pop()
        if name in packages and name not in reached:
            reached.add(name)
            wanted.extend(packages[name].requires)
    return [packages[name] for name in sorted(reached)]
