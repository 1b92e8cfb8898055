"""Options and fixtures for tests of lessons: the code under test, and the required kernel."""

import re
from pathlib import Path

import pytest

from rawbpf.doctor.examine import CHECKS, examine
from rawbpf.doctor.finding import Status

_NEEDED = {"capabilities", "lockdown", "kprobes"}


def pytest_addoption(parser):
    parser.addoption(
        "--solution", action="store_true", help="test a lesson's solution instead of your exercise"
    )
    parser.addoption(
        "--no-skip",
        action="store_true",
        help="run the kernel tests even if this kernel cannot be traced",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Add the step that a failed test checks to its report."""
    report = yield
    mark = item.get_closest_marker("step")
    if report.failed and mark is not None:
        (number,) = mark.args
        titles = dict(re.findall(r"^### Step (\d+): (.*)$", _text_of(item), re.MULTILINE))
        where = f"See step {number}, '{titles[str(number)]}', in README.md."
        report.sections.append((f"this test checks step {number}", where))
    return report


def _text_of(item) -> str:
    return (item.path.parent / "README.md").read_text()


def pytest_terminal_summary(terminalreporter):
    """Say how to run the tests that were skipped because this kernel cannot be traced."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "rawbpf guest" in str(report.longrepr)
    ]
    if not skipped:
        return
    folders = sorted({Path(report.nodeid.partition("::")[0]).parent for report in skipped})
    terminalreporter.section("the lesson is not finished", sep="-")
    terminalreporter.line(
        f"{len(skipped)} of the tests need a kernel that can be traced, and did not run here. "
        "Run them in a guest:"
    )
    for folder in folders:
        terminalreporter.line(f"  rawbpf guest -- pytest -x {folder}")


@pytest.fixture
def lesson(request) -> Path:
    """Return the folder under test: exercise/, or solution/ with --solution."""
    chosen = "solution" if request.config.getoption("--solution") else "exercise"
    return request.path.parent / chosen


@pytest.fixture(scope="session")
def traceable_kernel(request) -> None:
    """Skip the test if tracing does not work, with the reason from `rawbpf doctor`."""
    if request.config.getoption("--no-skip"):
        return
    for check in examine(check for check in CHECKS if check.name in _NEEDED):
        if check.finding.status is Status.FAIL:
            pytest.skip(f"{check.finding.evidence}; run it with `rawbpf guest`")
