"""The lessons that need a kernel: their solutions are green, their commands do what they show."""

import pytest

from tests.support import console, lessons
from tests.support.markdown import ROOT, blocks

COMMANDS = console.commands("kernel")


@pytest.mark.parametrize(
    "lesson", [one for one in lessons.lessons() if lessons.needs_kernel(one)], ids=lambda p: p.name
)
def test_the_solution_is_green(lesson):
    lessons.check_green(lesson)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_commands_say_what_the_page_shows(command):
    console.check(command)


def test_the_readmes_example_runs(capsys):
    (example,) = (block for block in blocks(ROOT / "README.md") if block.language == "python")
    exec(compile(example.text, example.name, "exec"), {})  # noqa: S102 -- it is ours
    assert capsys.readouterr().out
