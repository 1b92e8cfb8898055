import resource

import pytest

from rawbpf.kernel.memlock import bpf_counts_as_locked, memlock_limit, raise_memlock_if_needed
from tests.support.machine import Machine

LIMIT = resource.RLIMIT_MEMLOCK
LITTLE = 64 << 10


@pytest.fixture
def little_memlock():
    """A soft limit of 64 kB, for as long as the test takes."""
    soft, hard = resource.getrlimit(LIMIT)
    resource.setrlimit(LIMIT, (LITTLE, hard))
    yield
    _, hard = resource.getrlimit(LIMIT)
    resource.setrlimit(LIMIT, (soft, hard))


@pytest.mark.parametrize(("release", "counts"), [("5.10.0", True), ("5.11.0", False)])
def test_bpf_counts_until_5_10(tmp_path, release, counts):
    assert bpf_counts_as_locked(Machine(tmp_path).release(release).root) is counts


@pytest.mark.usefixtures("little_memlock")
def test_an_old_kernel_has_its_limit_raised_as_far_as_may_be(tmp_path):
    _, hard = resource.getrlimit(LIMIT)
    raise_memlock_if_needed(Machine(tmp_path).release("5.10.0").root)
    assert memlock_limit() in (None, hard)
    assert hard == LITTLE or memlock_limit() != LITTLE


@pytest.mark.usefixtures("little_memlock")
def test_a_new_kernel_keeps_its_limit(tmp_path):
    raise_memlock_if_needed(Machine(tmp_path).release("5.11.0").root)
    assert memlock_limit() == LITTLE


def test_without_the_right_to_raise_it_the_hard_limit_is_taken(tmp_path, monkeypatch):
    asked = []

    def setrlimit(_, limits):
        asked.append(limits)
        if limits[0] == resource.RLIM_INFINITY:
            raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (LITTLE, 8 * LITTLE))
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    raise_memlock_if_needed(Machine(tmp_path).release("5.10.0").root)
    assert asked == [(resource.RLIM_INFINITY,) * 2, (8 * LITTLE,) * 2]
