"""What holds for every test: no descriptor that it opened may be left."""

import gc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes says more about the machine's other work than about our code.
settings.register_profile("rawbpf", deadline=None)
settings.load_profile("rawbpf")


def open_descriptors() -> dict[int, str]:
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor with which the folder was listed
            found[int(link.name)] = str(link.readlink())
    return found


@pytest.fixture(autouse=True)
def no_descriptor_leaks():
    before = open_descriptors()
    yield
    leaked = open_descriptors().items() - before.items()
    if leaked:
        gc.collect()  # ours warn when they are collected; a cycle of somebody else's may linger
        leaked = open_descriptors().items() - before.items()
    assert not leaked, f"left open: {sorted(leaked)}"
