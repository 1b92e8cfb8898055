"""Check that a lesson can be done, and that its text is correct.

    docs/lessons/NN-name/
      README.md       the text: goal, prerequisites, background, tests first, build, verify, ...
      exercise/       Python with gaps:  raise NotImplementedError("step 3: open a ring")
      solution/       the same files with the gaps filled, and nothing else changed
      test_*.py       the lesson's tests; the fixture ``lesson`` is the folder under test

For each lesson, tests/unit/docs/test_lessons.py checks that every test of the exercise fails at a
gap, that the solution passes, and that the two differ only in the gaps. It also checks that each
``python`` block in the text is part of one of these files, and that each ``pycon`` block runs as a
doctest. tests.support.console runs the commands in the text. tests.support.lesson_mutant checks
that the tests notice the mistakes that learners make.

If a test uses the fixture ``traceable_kernel``, the lesson's solution is tested in the guest.
"""

import ast
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from tests.support.markdown import ROOT, blocks

LESSONS = ROOT / "docs" / "lessons"
SECTIONS = [
    "Goal",
    "Prerequisites",
    "Background",
    "Tests first (red)",
    "Build (green)",
    "Verify",
    "Common errors",
    "Notes",
    "Next",
]
"""The headings of a lesson, in this order. A lesson may add its own text after a colon."""

TIMEOUT = 100


def lessons() -> list[Path]:
    return sorted(path for path in LESSONS.iterdir() if re.match(r"\d\d-", path.name))


def needs_kernel(lesson: Path) -> bool:
    """Return whether the lesson's tests need a kernel that can be traced."""
    return any("traceable_kernel" in path.read_text() for path in lesson.glob("test_*.py"))


class Outcome(NamedTuple):
    """The result of one test. ``text`` is the failure message of pytest."""

    name: str
    state: str
    text: str


def outcomes(lesson: Path, *, solution: bool) -> list[Outcome]:
    """Run a lesson's tests in a separate process, as a reader does."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        # Do not skip tests: the exercise must fail on any kernel, and a skipped test proves
        # nothing.
        words = ["-q", "--no-skip", "-p", "no:cacheprovider", "-p", "no:hypothesispytest"]
        words += ["--solution"] if solution else []
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, f"--junitxml={report.name}", str(lesson)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        return [_outcome(case) for case in ET.parse(report.name).iter("testcase")]


def _outcome(case: ET.Element) -> Outcome:
    for state in ("failure", "error", "skipped"):
        found = case.find(state)
        if found is not None:
            return Outcome(case.get("name"), state, (found.get("message") or "") + found.text)
    return Outcome(case.get("name"), "passed", "")


def check_red(lesson: Path) -> None:
    """Assert that every test of the exercise fails at a gap."""
    found = outcomes(lesson, solution=False)
    assert found
    for name, state, text in found:
        assert state == "failure", f"{name} of the exercise: {state}, not failure\n{text}"
        assert "NotImplementedError: step " in text, f"{name} fails, but not at a gap:\n{text}"


def check_green(lesson: Path) -> None:
    """Assert that every test of the solution passes."""
    found = outcomes(lesson, solution=True)
    assert found
    for name, state, text in found:
        assert state == "passed", f"{name} of the solution: {state}\n{text}"


def gaps(file: Path) -> list[str]:
    """Return the texts of the gaps in a file, in order."""
    return [text for text in map(_gap, ast.walk(ast.parse(file.read_text()))) if text is not None]


def _gap(node: ast.AST) -> str | None:
    """Return the text of ``raise NotImplementedError("...")``, or None for any other node."""
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name("NotImplementedError"), args=[ast.Constant(t)])):
            return t
    return None


def gap_functions(file: Path) -> dict[str, int]:
    """Map the name of each function that has a gap to the number of its step."""
    found = {}
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef):
            for text in filter(None, map(_gap, ast.walk(node))):
                found[node.name] = int(text.removeprefix("step ").partition(":")[0])
    return found


class _WithoutGaps(ast.NodeTransformer):
    """Empty the bodies of the functions in ``names``, except for their docstrings."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name not in self.names:
            return self.generic_visit(node)
        docstring = ast.get_docstring(node)
        node.body = [ast.Expr(ast.Constant(docstring))]
        return node


def check_pair(exercise: Path, solution: Path) -> None:
    """Assert that two files differ only in the bodies of the functions that have gaps."""
    given, solved = ast.parse(exercise.read_text()), ast.parse(solution.read_text())
    functions = (node for node in ast.walk(given) if isinstance(node, ast.FunctionDef))
    names = {f.name for f in functions if any(_gap(node) for node in ast.walk(f))}
    assert not gaps(solution), f"{solution} has gaps"
    blank = _WithoutGaps(names)
    assert ast.unparse(blank.visit(given)) == ast.unparse(blank.visit(solved))


def excerpts(lesson: Path) -> list[tuple[str, str]]:
    """Return (where, text) of each ``python`` block in the lesson's text."""
    found = (block for block in blocks(lesson / "README.md") if block.language == "python")
    return [(block.name, block.text) for block in found]


def check_excerpt(lesson: Path, where: str, text: str) -> None:
    """Assert that the lines of the block are in one of the lesson's files, at any indentation."""
    files = (path.read_text() for path in lesson.rglob("*.py"))
    assert any(_contains(file, text) for file in files), f"{where}: not in any file\n{text}"


def _contains(file: str, text: str) -> bool:
    wanted = dedent(text).strip("\n").splitlines()
    lines = file.splitlines()
    starts = (n for n in range(len(lines)) if lines[n].strip() == wanted[0].strip())
    return any(dedent("\n".join(lines[n : n + len(wanted)])).splitlines() == wanted for n in starts)
