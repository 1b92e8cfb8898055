"""Codes are for ever: each is in the tests that provoke it, and on the page."""

import re
from pathlib import Path

import pytest

from rawbpf.refusals.registry import rules, types_rules
from tests.support.markdown import ROOT

EVERY = {**rules(), **types_rules()}
FILES = *ROOT.glob("tests/kernel/test_refused_*.py"), ROOT / "tests/support/refused_types.py"
PROVOKED = [file.read_text() for file in FILES]


@pytest.mark.parametrize("code", EVERY)
def test_each_is_provoked_on_a_kernel(code):
    assert any(f'"{code}' in text for text in PROVOKED)


@pytest.mark.parametrize("rule", EVERY.values(), ids=EVERY)
def test_texts_are_whole_sentences(rule):
    for text in (rule.meaning, rule.reason, rule.example):
        assert text[0].isupper() or text[0] in "`_0123456789" or text.split()[0].islower()
        assert text.endswith((".", ")"))
    assert re.fullmatch(r"RB-[ET]\d{3}", rule.code)
    assert not rule.title.endswith(".")


def test_files_and_codes_are_one_to_one():
    for folder, found in (("rules", rules()), ("types", types_rules())):
        files = list(Path(ROOT / f"rawbpf/refusals/{folder}").glob("*.py"))
        assert len(files) - 1 == len(found)
