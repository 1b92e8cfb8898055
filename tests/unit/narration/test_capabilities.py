"""Narration of the calls that drop capabilities."""

import ctypes

import pytest

from rawbpf.errors import KernelError
from rawbpf.syscall.capset import drop_for_good
from rawbpf.syscall.gate import replaced
from tests.support.fake_kernel import FakeKernel
from tests.support.told import told

HEADER = "{version=_LINUX_CAPABILITY_VERSION_3, pid=0}"
SETS = "{{effective={}, permitted={}, inheritable={}}}"
HELD = (1 << 41) - 1, (1 << 41) - 1, 1 << 39


def capget(_header, address):
    words = [word >> shift & 0xFFFFFFFF for shift in (0, 32) for word in HELD]
    ctypes.memmove(address, bytes((ctypes.c_uint32 * 6)(*words)), 24)
    return 0


def test_the_sets_are_shown_by_name():
    with replaced(FakeKernel(capget=[capget], capset=[0], prctl=[0])):
        lines = told(lambda: drop_for_good(lambda _: ["CAP_BPF", "CAP_PERFMON"])).splitlines()
    calls = [line.partition(" <")[0] for line in lines if line[:1].isalpha()]
    everything, few = "(41 capabilities)", "CAP_PERFMON|CAP_BPF"
    assert calls == [
        f"capget({HEADER}, {SETS.format(everything, everything, 'CAP_BPF')}) = 0",
        f"capset({HEADER}, {SETS.format(few, everything, 'CAP_BPF')}) = 0",
        f"capset({HEADER}, {SETS.format(few, few, '0')}) = 0",
        "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0",
    ]


def test_a_failed_call_has_no_sets():
    with replaced(FakeKernel(capget=[-1])):
        text = told(failing)
    assert text.startswith("capget(0x")


def failing():
    with pytest.raises(KernelError, match="EPERM"):
        drop_for_good(lambda _: [])
