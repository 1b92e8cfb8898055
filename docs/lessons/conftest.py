"""What the tests of all lessons share: which code they test, and on what kernel."""

from pathlib import Path

import pytest

from rawbpf.doctor.checks import CHECKS
from rawbpf.doctor.examine import examine
from rawbpf.doctor.finding import Status

_NEEDED = {"capabilities", "lockdown", "kprobes"}


def pytest_addoption(parser):
    parser.addoption(
        "--solution", action="store_true", help="test a lesson's solution instead of your exercise"
    )
    parser.addoption(
        "--no-skip", action="store_true", help="try on a kernel that cannot be traced, too"
    )


@pytest.fixture
def lesson(request) -> Path:
    """The folder under test: exercise/, or solution/ with --solution."""
    chosen = "solution" if request.config.getoption("--solution") else "exercise"
    return request.path.parent / chosen


@pytest.fixture(scope="session")
def traceable_kernel(request) -> None:
    """Skips the test where this kernel cannot be traced, and says why, in the doctor's words."""
    if request.config.getoption("--no-skip"):
        return
    for check in examine(check for check in CHECKS if check.name in _NEEDED):
        if check.finding.status is Status.FAIL:
            pytest.skip(f"{check.finding.evidence}: run it in a guest")
