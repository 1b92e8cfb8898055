"""Capabilities that are given up come back, also after an error."""

import pytest

from rawbpf.kernel.rights import effective_capabilities
from rawbpf.syscall.capset import without_capabilities
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel


def test_given_up_and_back():
    before = effective_capabilities()
    with without_capabilities(["CAP_PERFMON", "CAP_CHOWN", "CAP_BPF"]):
        assert effective_capabilities() == before - {"CAP_PERFMON", "CAP_CHOWN", "CAP_BPF"}
    assert effective_capabilities() == before


def test_back_after_an_error():
    before = effective_capabilities()
    with pytest.raises(KeyError), without_capabilities(["CAP_SYS_ADMIN"]):
        raise KeyError
    assert effective_capabilities() == before


def test_a_name_that_is_none_changes_nothing():
    before = effective_capabilities()
    with pytest.raises(ValueError, match="CAP_NOTHING"), without_capabilities(["CAP_NOTHING"]):
        pass
    assert effective_capabilities() == before


def test_nothing_given_up_asks_the_kernel_for_nothing():
    kernel = FakeKernel()
    with replaced(kernel), without_capabilities([]):
        pass
    assert kernel.calls == []
