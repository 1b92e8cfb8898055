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
