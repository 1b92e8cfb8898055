"""No regular expression takes more than linear time for text that almost matches it."""

import re

import pytest

from tests.support.cost import grows_too_fast
from tests.support.patterns import METHODS, Case, attacks, patterns

SIZES = (16, 24, 32, 1024, 8192, 65536)


def bad(case):
    """Return the beginning of a text that costs too much, None if there is none."""
    compiled = re.compile(case.pattern, case.flags)
    runs = [getattr(compiled, name) for name in {"match", "fullmatch"} & case.methods]
    if len(runs) < len(case.methods):
        runs.append(lambda text: sum(1 for _ in compiled.finditer(text)))
    sizes = SIZES[:-1] if case.bounded else SIZES
    for attack in attacks(case):
        if any(grows_too_fast(run, attack, sizes) for run in runs):
            return attack(60)
    return None


@pytest.mark.parametrize("name", patterns())
def test_time_grows_linearly(name):
    assert bad(patterns()[name]) is None


@pytest.mark.parametrize(
    "pattern",
    [
        rb"\s*(?:(?:0x|\\x)?(?:[0-9a-fA-F]{2})+[\s,]*)+",
        r"(a+)+b", r"(?:\w|_)*!", r"\d+x", r"\w*\w*;", r"call .*x", r" *$",
    ],
)  # fmt: skip
def test_the_attacks_find_bad_patterns(pattern):
    assert bad(Case(pattern, 0, METHODS))


def test_the_attacks_accept_good_patterns():
    assert bad(Case(r"(?<!\w)\w+ = (\d{1,9})$", re.MULTILINE, METHODS)) is None
