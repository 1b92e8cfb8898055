"""What tools/run and tools/test print while they install programs and packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LIB = Path(__file__).resolve().parents[3] / "tools/lib"


@pytest.fixture
def tree(tmp_path):
    """A copy of tools/lib, whose log is build/setup.log beside it."""
    lib = tmp_path / "tools/lib"
    lib.mkdir(parents=True)
    for name in ("setup.sh", "system_packages.py"):
        (lib / name).write_text((LIB / name).read_text())
    return tmp_path


def bash(tree, script):
    words = ["bash", "-c", f"set -euo pipefail; . tools/lib/setup.sh; {script}", "run"]
    return subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)


NOISY = "for n in $(seq 40); do echo out $n; echo err $n >&2; done"


def test_a_step_prints_one_line_and_its_output_is_logged(tree):
    done = bash(tree, f"noisy() {{ {NOISY}; }}; logged 'installing things' noisy; echo next")
    assert (done.returncode, done.stdout, done.stderr) == (0, "next\n", "run: installing things\n")
    log = (tree / "build/setup.log").read_text().splitlines()
    assert log[1] == "# installing things"
    assert log[2:] == [f"{one} {n}" for n in range(1, 41) for one in ("out", "err")]


@pytest.mark.parametrize("end", ["return 3", "die 'needs root'"])
def test_a_step_that_fails_shows_the_end_of_its_output(tree, end):
    done = bash(tree, f"noisy() {{ {NOISY}; {end}; }}; logged 'installing things' noisy || die end")
    first, second, *shown, last = done.stderr.splitlines()
    assert (done.returncode, first, last) == (1, "run: installing things", "run: end")
    assert second == f"run: failed: installing things; the last lines of {tree}/build/setup.log:"
    assert len(shown) == 15
    assert "err 40" in shown
    assert ("run: needs root" in shown) == end.startswith("die")


FAKE_APT = """#!/bin/sh
for n in $(seq 40); do echo "$* $n"; done
case "$*" in *works*) echo '#!/bin/sh' >"$HERE/works"; chmod +x "$HERE/works";; esac
"""


@pytest.mark.parametrize("program", ["works", "absent"])
def test_packages_are_installed_quietly(tree, tmp_path, program):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in {"apt-get": FAKE_APT, "sudo": '#!/bin/sh\nexec "$@"\n'}.items():
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    script = f"import system_packages as s; print(s.install({{{program!r}: {program + '-pkg'!r}}}))"
    path = f"{tools}:{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tree / "tools/lib", capture_output=True, text=True, check=True,
        env={**os.environ, "PATH": path, "HERE": str(tools), "RAWBPF_TOOL": "run"},
    )  # fmt: skip
    first, *rest = done.stderr.splitlines()
    assert first.startswith(f"run: installing {program}-pkg")
    assert len((tree / "build/setup.log").read_text().splitlines()) == 80
    if program == "works":
        assert (done.stdout, rest) == ("[]\n", [])
    else:
        assert done.stdout == "['absent']\n"
        assert rest[0].startswith("run: could not install absent-pkg; the last lines of ")
        assert len(rest) == 16
        assert rest[-1].endswith("install absent-pkg 40")
