"""Errors of the operating system end in one line, in whatever command they occur."""

import errno
import os
import subprocess
import sys
import types

import pytest

from rawbpf.cli import main as main_module
from rawbpf.cli.main import main

EMFILE = os.strerror(errno.EMFILE)


@pytest.fixture
def failing(monkeypatch):
    def fail_with(error):
        def run(_):
            raise error

        module = types.SimpleNamespace(USAGE="Usage: rawbpf list", run=run)
        monkeypatch.setattr(main_module, "import_module", lambda _: module)
        return main(["list"])

    return fail_with


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.EMFILE, EMFILE), "cannot continue: EMFILE (Too many open files); raise"),
        (OSError(errno.ENOSPC, "", "/a\nb"), "cannot use /a\\nb: ENOSPC (No space left"),
        (PermissionError(errno.EACCES, "", b"/b"), "cannot use /b: EACCES (Permission denied)"),
        (OSError(errno.EROFS, "", "/b"), "cannot use /b: EROFS (Read-only file system)"),
        (OSError(errno.ENOTEMPTY, "", "/b"), "cannot use /b: ENOTEMPTY (Directory not empty)"),
        (OSError(errno.ENAMETOOLONG, "", "/b"), "cannot use /b: ENAMETOOLONG (File name too"),
        (OSError("a message"), "cannot continue: a message"),
        (MemoryError(), "cannot continue: ENOMEM (Cannot allocate memory); free memory"),
        (ImportError(f"x.so: cannot open: {EMFILE}"), "cannot continue: EMFILE"),
    ],
)
def test_a_system_error_is_one_line(failing, capsys, error, said):
    assert failing(error) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"rawbpf: {said}")


def test_other_import_errors_are_not_hidden(failing):
    with pytest.raises(ImportError, match="no module"):
        failing(ImportError("no module named x"))


@pytest.mark.parametrize("words", [["list", "do_sys*"], ["doctor"], ["btf", "show", "list_head"]])
@pytest.mark.parametrize("limit", [5, 6, 8, 20])
def test_few_file_descriptors(words, limit):
    """Python itself starts with five descriptors or more."""
    command = f'ulimit -n {limit}; exec "$@"'
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-m", "rawbpf", *words],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 1, 2)
