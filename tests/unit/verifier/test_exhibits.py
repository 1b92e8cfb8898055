"""Every program of the gallery is complete, and its folder holds nothing else."""

import difflib

import pytest

from rawbpf.errors import UsageError
from rawbpf.source.assembler import assemble_file
from rawbpf.verifier.exhibits import exhibits, find_exhibit

ALL = exhibits()


def test_numbers_start_at_one_without_gaps():
    assert [one.number for one in ALL] == list(range(1, len(ALL) + 1))
    assert len({one.name for one in ALL}) == len(ALL) >= 40


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_each_program_has_a_title_a_lesson_a_rule_and_a_repair(one):
    assert one.title.endswith(".")
    assert len(one.lesson) > 80
    assert one.rules[-1][0] is None, "the last rule applies to later kernels"
    said, fixed = one.fixed()
    assert said.endswith(".")
    assert fixed != one.code
    ratio = difflib.SequenceMatcher(None, one.code.split("\n"), fixed.split("\n")).ratio()
    assert ratio > 0.5, "the repair is a small change"
    assert one.name in one.code, "the program has the name of its file"


@pytest.mark.parametrize("one", [one for one in ALL if one.path.suffix == ".s"],
                         ids=lambda one: one.name)  # fmt: skip
def test_each_assembly_program_assembles(one):
    assert one.name in assemble_file(one.path).programs
    assert one.name in assemble_file(one.fixed_path).programs


def test_the_folder_contains_nothing_else():
    folder = ALL[0].path.parent
    known = {path for one in ALL for path in (one.path, one.fixed_path)}
    assert set(folder.iterdir()) == known


def test_the_rule_depends_on_the_kernel_version():
    recursion = find_exhibit("recursion")
    assert recursion.rule_on((5, 10)) != recursion.rule_on((6, 12))
    assert find_exhibit("wrong_callback_return").rule_on((5, 10)) is None


def test_an_unknown_name_suggests_similar_ones():
    with pytest.raises(UsageError, match=r"null_chekced.*did you mean null_not_checked"):
        find_exhibit("null_chekced")
    with pytest.raises(UsageError, match="--list"):
        find_exhibit("1000")
