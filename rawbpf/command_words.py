"""Build words for the command lines of other programs: paths, and commands that run Python.

Programs interpret a word that starts with ``-`` as an option, whatever its origin. clang and gcc
replace a word that starts with ``@`` with the words in the named file (a response file), and one of
these words may load a plugin. A file name may start with either character, so a path is passed with
the prefix ``./``.

``python -m NAME`` searches the current folder first for NAME and for every module that NAME
imports. A file ``json.py`` in the current folder would therefore be executed, even as root after
sudo. ``-P`` (Python 3.11) excludes the current folder.
"""

from __future__ import annotations

import os
import sys

__all__ = ["own_python", "path_word"]

_OPTION, _RESPONSE_FILE = "-", "@"


def path_word(path: str | os.PathLike[str]) -> str:
    """Return a path as a word that no program takes for an option or a response file.

    Apply this function last, because pathlib removes ``./``.

    >>> path_word("@plugin.c"), path_word("-o"), path_word("a/-b.c"), path_word("/tmp/c.c")
    ('./@plugin.c', './-o', 'a/-b.c', '/tmp/c.c')
    """
    word = os.fspath(path)
    return os.path.join(os.curdir, word) if word.startswith((_OPTION, _RESPONSE_FILE)) else word


def own_python(module: str, *words: str, python: str | None = None) -> list[str]:
    """Return a command that runs a module with this Python, ignoring the current folder.

    ``python`` is used in place of this Python's path, for a command that runs in a guest.

    >>> own_python("rawbpf", "doctor")[1:]
    ['-P', '-m', 'rawbpf', 'doctor']
    """
    return [python or sys.executable, "-P", "-m", module, *words]
