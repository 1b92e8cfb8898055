"""Options and fixtures for the lessons' tests: the code under test, and the kernel they need."""

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
