"""Words for the command lines of other programs: paths, and Python running itself.

Programs take a word that starts with ``-`` for an option, whoever chose it. clang and gcc replace a
word that starts with ``@`` with the words in that file (a response file), one of which may load a
plugin. A file may have either name, so a path is passed with ``./`` in front of it.

``python -m NAME`` looks for NAME, and for every module that NAME imports, in the current folder
first. A file ``json.py`` there would run, as root after sudo. ``-P`` (Python 3.11) leaves the
current folder out.
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


def own_python(module: str, *words: str) -> list[str]:
    """Return a command that runs a module with this Python, but not from the current folder.

    >>> own_python("rawbpf", "doctor")[1:]
    ['-P', '-m', 'rawbpf', 'doctor']
    """
    return [sys.executable, "-P", "-m", module, *words]
