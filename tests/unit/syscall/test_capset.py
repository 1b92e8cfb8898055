"""Dropped capabilities are restored, also after an error."""

import pytest

from rawbpf.kernel.rights import effective_capabilities
from rawbpf.syscall.capset import without_capabilities
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel


def test_capabilities_are_dropped_and_restored():
    before = effective_capabilities()
    with without_capabilities(["CAP_PERFMON", "CAP_CHOWN", "CAP_BPF"]):
        assert effective_capabilities() == before - {"CAP_PERFMON", "CAP_CHOWN", "CAP_BPF"}
    assert effective_capabilities() == before


def test_capabilities_are_restored_after_an_error():
    before = effective_capabilities()
    with pytest.raises(KeyError), without_capabilities(["CAP_SYS_ADMIN"]):
        raise KeyError
    assert effective_capabilities() == before


def test_an_unknown_capability_changes_nothing():
    before = effective_capabilities()
    with pytest.raises(ValueError, match="CAP_NOTHING"), without_capabilities(["CAP_NOTHING"]):
        pass
    assert effective_capabilities() == before


def test_no_call_if_nothing_is_dropped():
    kernel = FakeKernel()
    with replaced(kernel), without_capabilities([]):
        pass
    assert kernel.calls == []
