"""``rawbpf learn``: copy the lessons and example programs, which are part of the package.

A wheel contains both in the package; in a clone, they are in ``docs/lessons`` and ``bpf_src``.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from rawbpf.cli.terminal import write_lines
from rawbpf.errors import RawbpfError, UsageError

__all__ = ["USAGE", "run"]

USAGE = """Copy the lessons and example programs to a folder, to read and change them.

Usage:
  rawbpf learn [-v]...
  rawbpf learn --copy DIR [-v]...

Without --copy, print where the lessons and programs are installed.

Options:
  --copy DIR     The folder to create. It gets the folders docs/lessons and bpf_src.
  -v, --verbose  Print more detail to stderr.
  -h, --help     Show this help.

  rawbpf learn --copy rawbpf-lessons
"""

_PACKAGE = Path(__file__).parents[2]
_PLACES = {
    "docs/lessons": (_PACKAGE / "lessons", _PACKAGE.parent / "docs" / "lessons"),
    "bpf_src": (_PACKAGE / "bpf_src", _PACKAGE.parent / "bpf_src"),
}
"""Each folder to copy, and where it is in a wheel and in a clone."""


def run(arguments: dict[str, Any]) -> int:
    """Copy both folders, or print where they are."""
    found = {name: _find(name) for name in _PLACES}
    if arguments["--copy"] is None:
        write_lines(f"{name:<12}  {path}" for name, path in found.items())
        return 0
    to = Path(arguments["--copy"])
    try:
        to.mkdir(parents=True)
        for name, path in found.items():
            shutil.copytree(path, to / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    except FileExistsError:
        raise UsageError(f"{to} already exists", fix="name a new folder") from None
    write_lines([f"copied the lessons to {to / 'docs/lessons'}; start with README.md there",
                 f"copied the example programs to {to / 'bpf_src'}"])  # fmt: skip
    return 0


def _find(name: str) -> Path:
    for path in _PLACES[name]:
        if path.is_dir():
            return path
    raise RawbpfError(
        f"cannot find {name}",
        why="this installation of rawbpf does not include it",
        fix="reinstall rawbpf from a wheel, or clone its repository",
    )
