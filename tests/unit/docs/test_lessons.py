"""Check each lesson: the exercise fails at its gaps, the solution passes, the text is correct."""

import doctest
import re

import pytest

from tests.support import lessons
from tests.support.markdown import blocks

LESSONS = lessons.lessons()
NAMES = [lesson.name for lesson in LESSONS]


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_every_test_of_the_exercise_fails_at_a_gap(lesson):
    lessons.check_red(lesson)


@pytest.mark.parametrize(
    "lesson", [one for one in LESSONS if not lessons.needs_kernel(one)], ids=lambda p: p.name
)
def test_the_solution_passes(lesson):
    lessons.check_green(lesson)


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_exercise_and_solution_differ_only_in_the_gaps(lesson):
    exercise, solution = (
        sorted(path.name for path in (lesson / folder).glob("*.py"))
        for folder in ("exercise", "solution")
    )
    assert exercise == solution != []
    for name in exercise:
        lessons.check_pair(lesson / "exercise" / name, lesson / "solution" / name)


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_the_text_has_a_heading_for_each_step(lesson):
    files = sorted((lesson / "exercise").glob("*.py"))
    found = [re.match(r"step (\d+): .", gap) for file in files for gap in lessons.gaps(file)]
    numbers = [int(match[1]) for match in found]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    told = re.findall(r"^### Step (\d+)", (lesson / "README.md").read_text(), re.MULTILINE)
    assert [int(number) for number in told] == sorted(numbers)


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_the_text_has_the_sections_of_a_lesson(lesson):
    titles = re.findall(r"^## (.*)$", (lesson / "README.md").read_text(), re.MULTILINE)
    assert [title.partition(":")[0] for title in titles] == lessons.SECTIONS


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_python_in_the_text_is_part_of_the_lessons_files(lesson):
    for where, text in lessons.excerpts(lesson):
        lessons.check_excerpt(lesson, where, text)


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_sessions_in_the_text_run_as_shown(lesson):
    text = "".join(b.text for b in blocks(lesson / "README.md") if b.language == "pycon")
    parsed = doctest.DocTestParser().get_doctest(text, {}, lesson.name, "README.md", 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(parsed, out=lambda _text: None).failed == 0, f"see {lesson.name}/README.md"


def test_a_difference_outside_the_gaps_is_an_error(tmp_path):
    given = tmp_path / "given.py"
    given.write_text('def one():\n    """It."""\n    raise NotImplementedError("step 1: it")\n')
    solved = tmp_path / "solved.py"
    solved.write_text('def one():\n    """It."""\n    return 1\n')
    lessons.check_pair(given, solved)
    solved.write_text('def one():\n    """It."""\n    return 1\n\n\nOTHER = 1\n')
    with pytest.raises(AssertionError):
        lessons.check_pair(given, solved)
    with pytest.raises(AssertionError, match="has gaps"):
        lessons.check_pair(given, given)


def test_the_loader_is_as_short_as_its_lesson_says():
    (solution,) = lessons.LESSONS.glob("11-*/solution/loader.py")
    assert len(solution.read_text().splitlines()) <= 150


def test_the_overview_lists_each_lesson_in_order():
    text = (lessons.LESSONS / "README.md").read_text()
    linked = re.findall(r"\]\((\d\d-[\w-]+)/README\.md\)", text)
    assert linked == NAMES
