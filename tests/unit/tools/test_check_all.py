"""The names of tests in tools/lib/check_all.py."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LIB = ROOT / "tools/lib"


@pytest.fixture(scope="module")
def check_all():
    before = list(sys.path)
    sys.path.insert(0, str(LIB))
    try:
        spec = importlib.util.spec_from_file_location("check_all", LIB / "check_all.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path[:] = before


def test_slow_tests_exist(check_all):
    """pytest ignores --deselect for a test that does not exist."""
    for name in check_all.ONLY_ON:
        path, _, test = name.partition("::")
        text = (ROOT / path).read_text()
        assert re.search(rf"^def {test.partition('[')[0]}", text, re.MULTILINE) or not test, name


@pytest.mark.parametrize(("absent", "status"), [([], 0), (["clang-19"], 1)])
def test_setup_installs_what_the_lessons_need_and_runs_nothing(
    check_all, monkeypatch, capsys, absent, status
):
    asked = {}
    monkeypatch.setattr(check_all, "install", lambda programs: asked.update(programs) or absent)
    monkeypatch.setattr(check_all, "run", lambda part: pytest.fail(f"{part} was run"))
    assert check_all.main(["--setup"]) == status
    assert set(asked) == {*check_all.EMULATOR, "clang-19"}
    said = capsys.readouterr().err
    assert ". .venv/bin/activate" in said
    assert ("cannot install clang-19" in said) == bool(absent)
