"""Compare the table of helpers with what the running kernel has."""

from pathlib import Path

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.kernel.version import kernel_version
from rawbpf.uapi.bpf_insn import HELPERS
from rawbpf.uapi.btf import BTF_KIND_ENUM

pytestmark = pytest.mark.no_probe


def test_the_kernel_has_the_helpers_in_the_table():
    btf = Btf.from_bytes(Path("/sys/kernel/btf/vmlinux").read_bytes())
    enum = btf.find("bpf_func_id", BTF_KIND_ENUM)
    has = {
        one.name.removeprefix("BPF_FUNC_"): one.value
        for one in enum.values
        if one.name.startswith("BPF_FUNC_") and one.value
    }
    running = kernel_version()[:2]
    ours = {
        helper.name: helper.number
        for helper in HELPERS.values()
        if tuple(map(int, helper.kernel.split("."))) <= running
    }
    assert has == ours
