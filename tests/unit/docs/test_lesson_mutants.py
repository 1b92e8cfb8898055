"""Each mistake that a learner makes in a lesson fails one of the lesson's tests."""

from collections import Counter

import pytest

from tests.support import lesson_mutant, lessons
from tests.support.lesson_mutants import MUTANTS

CASES = [(lesson, mutant) for lesson, table in MUTANTS.items() for mutant in table]
NAMES = [f"{lesson[:2]}-{mutant.new.strip()[:40]}" for lesson, mutant in CASES]


@pytest.mark.parametrize(("lesson", "mutant"), CASES, ids=NAMES)
def test_a_mistake_fails_a_test(lesson, mutant, tmp_path):
    lesson_mutant.check(lesson, mutant, tmp_path)


@pytest.mark.parametrize("lesson", MUTANTS)
def test_each_step_has_mutants(lesson):
    (exercise,) = (lessons.LESSONS / lesson / "exercise").glob("*.py")
    steps = Counter(lesson_mutant.step_of(lesson, mutant.old) for mutant in MUTANTS[lesson])
    assert sorted(steps) == sorted(lessons.gap_functions(exercise).values())
