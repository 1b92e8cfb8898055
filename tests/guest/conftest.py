"""Tests of `rawbpf guest` with a real QEMU and a real kernel: as an ordinary user runs it."""

import pytest

from rawbpf.guest.kernels.choice import cached
from tests.support.peers import peer


@pytest.fixture(autouse=True, scope="session")
def means():
    """QEMU and at least one kernel in the cache."""
    peer("qemu-system-x86_64")
    if not cached():
        pytest.fail("no kernel in the cache: run tools/fetch-kernel")
