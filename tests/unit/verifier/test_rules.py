"""Requirements for every rule that can be tested without a kernel."""

import re
from pathlib import Path

import pytest

import rawbpf.verifier.rules as package
from rawbpf.source.assembler import assemble
from rawbpf.verifier.explainer import explain
from rawbpf.verifier.registry import _literal, all_rules

every_rule = pytest.mark.parametrize("rule", all_rules().values(), ids=lambda one: one.code)


@every_rule
def test_each_rule_is_complete(rule):
    assert re.fullmatch(r"RB-V\d{3}", rule.code)
    assert rule.patterns
    assert not rule.title.endswith(".")
    for text in (rule.meaning, rule.reason):
        assert text.endswith(".")
        assert "  " not in text


@every_rule
def test_examples_are_two_different_programs(rule):
    for one in rule.examples:
        rejected, accepted = assemble(one.refused), assemble(one.accepted)
        assert rejected.programs
        assert rejected != accepted


@every_rule
def test_patterns_limit_the_digits_of_numbers(rule):
    """Python's int() raises for more than 4300 digits."""
    for pattern in rule.patterns:
        re.compile(pattern)
        assert r"\d+" not in pattern
        assert "(?i" not in pattern, "the search for the literal part is case-sensitive"


def test_each_file_defines_one_rule_and_codes_are_unique():
    files = list(Path(*package.__path__).rglob("[a-z]*.py"))
    assert len(all_rules()) == len(files)


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        (r"^R(?P<reg>\d\d?) !read_ok$", " !read_ok"),
        (r"(?:a|b) or c", " or c"),
        (r"one|two", ""),
        (r"map_type \d{1,3} into", "map_type "),
        (r"colou?r", "colo"),
        (r"x\(y\) z*", "x(y) "),
        (r"[abc]+ is", " is"),
        (r"a_\[?b\|c\]? (?:in|of)[^\n]*", "b|c"),
        (r"func (\w+(#\d)?) not", "func "),
    ],
)
def test_literal_part_of_a_pattern(pattern, literal):
    assert _literal(pattern) == literal


def test_an_unknown_message_is_shown_with_its_place():
    found = explain("0: R1=ctx() R10=fp0\n0: (61) r0 = *(u32 *)(r1 +0)\nsomething new\n")
    assert found.rule is None
    assert found.slot == 0
    assert "something new" in found.sentence
    assert any("ctx()" in one.text for one in found.evidence)
