"""Tests of `rawbpf guest` with a real QEMU and a real kernel, as an ordinary user."""

import pytest

from rawbpf.arch import native
from rawbpf.guest.kernels.choice import cached
from tests.support.peers import peer


@pytest.fixture(autouse=True, scope="session")
def means():
    """Require QEMU and a kernel in the cache."""
    peer(native().qemu.program)
    if not cached():
        pytest.fail("no kernel in the cache: run tools/fetch-kernel")
