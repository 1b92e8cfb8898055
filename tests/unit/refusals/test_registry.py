"""Every rule is complete, and a kernel test provokes it."""

import re
from pathlib import Path

import pytest

from rawbpf.refusals.registry import rules, types_rules
from tests.support.markdown import ROOT

EVERY = {**rules(), **types_rules()}
FILES = *ROOT.glob("tests/kernel/test_refused_*.py"), ROOT / "tests/support/refused_types.py"
PROVOKED = [file.read_text() for file in FILES]


@pytest.mark.parametrize("code", EVERY)
def test_a_kernel_test_provokes_each_rule(code):
    assert any(f'"{code}' in text for text in PROVOKED)


@pytest.mark.parametrize("rule", EVERY.values(), ids=EVERY)
def test_texts_are_complete_sentences(rule):
    for text in (rule.meaning, rule.reason, rule.example):
        assert text[0].isupper() or text[0] in "`_0123456789" or text.split()[0].islower()
        assert text.endswith((".", ")"))
    assert re.fullmatch(r"RB-[ET]\d{3}", rule.code)
    assert not rule.title.endswith(".")


def test_every_module_is_registered_and_no_code_is_given_twice():
    modules = Path(ROOT / "rawbpf/refusals/rules").glob("[a-z]*.py")
    codes = re.findall(r'code="(RB-[ET]\d{3})"', "".join(one.read_text() for one in modules))
    assert sorted(codes) == sorted(EVERY)
