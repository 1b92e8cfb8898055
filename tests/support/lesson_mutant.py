"""Check the tests of a lesson: each mistake that a learner makes must fail a test.

A mutant is the solution of a lesson with one mistake. ``check`` copies the lesson, makes the
mistake, runs the test that should notice, and asserts that the failure names the step.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.support.lessons import LESSONS, gap_functions
from tests.support.markdown import ROOT

TIMEOUT = 60


class Mutant(NamedTuple):
    """A mistake in the solution: replace ``old``, which occurs once, with ``new``.

    ``test`` must fail. ``says`` is part of its message, if the compared values do not explain the
    failure.
    """

    old: str
    new: str
    test: str
    says: str = ""


def step_of(lesson: str, old: str) -> int:
    """Return the number of the step whose function contains ``old`` in the solution."""
    (exercise,) = (LESSONS / lesson / "exercise").glob("*.py")
    text = (LESSONS / lesson / "solution" / exercise.name).read_text()
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in the solution"
    line = text[: text.index(old)].count("\n") + 1
    steps = gap_functions(exercise)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= node.end_lineno:
            return steps[node.name]
    raise AssertionError(f"{old!r} is in no function with a gap")


def check(lesson: str, mutant: Mutant, folder: Path) -> None:
    """Assert that the mutant fails its test, and that the failure names the step."""
    step = step_of(lesson, mutant.old)
    copy = folder / lesson
    shutil.copytree(LESSONS / lesson, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(LESSONS / "conftest.py", folder)
    (solution,) = (copy / "solution").glob("*.py")
    solution.write_text(solution.read_text().replace(mutant.old, mutant.new))
    name, _, case = mutant.test.partition("[")
    (test,) = (one for one in copy.glob("test_*.py") if f"def {name}(" in one.read_text())
    words = ["-qx", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--timeout=20"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, "-c", ROOT / "pyproject.toml", "--solution",
         f"{test}::{mutant.test}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )  # fmt: skip
    assert done.returncode == 1, f"the test does not notice {mutant.new!r}\n{done.stdout}"
    # A case of a test that needs several steps names the fault instead of a step.
    assert case or f"this test checks step {step}" in done.stdout, done.stdout
    errors = "\n".join(re.findall(r"^E +(.*)$", done.stdout, re.MULTILINE))
    assert mutant.says in errors, f"{mutant.says!r} is not in the message\n{errors}"
