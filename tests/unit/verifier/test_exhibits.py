"""What the gallery holds: each program has all its parts, and nothing else lies about."""

import difflib

import pytest

from rawbpf.errors import UsageError
from rawbpf.source.assembler import assemble_file
from rawbpf.verifier.exhibits import exhibits, find_exhibit

ALL = exhibits()


def test_numbers_run_from_one_without_a_gap():
    assert [one.number for one in ALL] == list(range(1, len(ALL) + 1))
    assert len({one.name for one in ALL}) == len(ALL) >= 40


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_each_has_title_lesson_rule_and_repair(one):
    assert one.title.endswith(".")
    assert len(one.lesson) > 80
    assert one.rules[-1][0] is None, "the last rule holds for the kernels to come"
    said, fixed = one.fixed()
    assert said.endswith(".")
    assert fixed != one.code
    ratio = difflib.SequenceMatcher(None, one.code.split("\n"), fixed.split("\n")).ratio()
    assert ratio > 0.5, "the repair is small"
    assert one.name in one.code, "the program is called as its file"


@pytest.mark.parametrize("one", [one for one in ALL if one.path.suffix == ".s"],
                         ids=lambda one: one.name)  # fmt: skip
def test_each_text_assembles(one):
    assert one.name in assemble_file(one.path).programs
    assert one.name in assemble_file(one.fixed_path).programs


def test_the_folder_holds_nothing_else():
    folder = ALL[0].path.parent
    known = {path for one in ALL for path in (one.path, one.fixed_path)}
    assert set(folder.iterdir()) == known


def test_a_rule_may_hold_until_a_kernel_and_a_program_from_one_on():
    recursion = find_exhibit("recursion")
    assert recursion.rule_on((5, 10)) != recursion.rule_on((6, 12))
    assert find_exhibit("wrong_callback_return").rule_on((5, 10)) is None


def test_a_name_that_is_near_is_offered():
    with pytest.raises(UsageError, match=r"null_chekced.*did you mean null_not_checked"):
        find_exhibit("null_chekced")
    with pytest.raises(UsageError, match="--list"):
        find_exhibit("1000")
