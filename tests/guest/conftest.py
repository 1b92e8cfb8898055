"""Tests of `rawbpf guest` with a real QEMU and a real kernel, as an ordinary user."""

import pytest

from rawbpf.arch import ARM64, native
from rawbpf.guest.kernels.choice import cached
from tests.support.peers import peer


@pytest.fixture(autouse=True, scope="session")
def means():
    """Require QEMU and a kernel in the cache."""
    peer(native().qemu.program)
    if not cached():
        pytest.fail("no kernel in the cache: run tools/fetch-kernel")


@pytest.fixture(scope="session")
def arm64():
    """Require QEMU for arm64 and an arm64 kernel in the cache."""
    peer(ARM64.qemu.program)
    if not cached(ARM64):
        pytest.fail("no arm64 kernel in the cache: run tools/fetch-kernel --arch arm64 bookworm")
