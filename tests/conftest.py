"""Settings and fixtures for all tests: a test fails if it leaves a file descriptor open."""

import gc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

# Examples that fail are kept here, and tried first in the next run, whatever the current folder.
FOUND = DirectoryBasedExampleDatabase(Path(__file__).parents[1] / ".hypothesis" / "examples")

# The time that an example takes depends on what else the machine does, so there is no deadline.
settings.register_profile("rawbpf", deadline=None, database=FOUND)
settings.register_profile(
    "fuzz", deadline=None, database=FOUND, max_examples=1000, print_blob=True
)  # for tools/test --fuzz
settings.load_profile("rawbpf")


def open_descriptors() -> dict[int, str]:
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor through which the folder was listed
            found[int(link.name)] = str(link.readlink())
    return found


@pytest.fixture(autouse=True)
def no_descriptor_leaks():
    before = open_descriptors()
    yield
    leaked = open_descriptors().items() - before.items()
    if leaked:
        gc.collect()  # close descriptors that are only held by reference cycles
        leaked = open_descriptors().items() - before.items()
    assert not leaked, f"left open: {sorted(leaked)}"
