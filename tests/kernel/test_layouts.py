"""Our structures and numbers against what the running kernel says of itself."""

from pathlib import Path

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.kernel.version import kernel_version
from rawbpf.uapi import bpf
from rawbpf.uapi.bpf_attr import BpfAttrObjId
from tests.support import layouts
from tests.support.btf_layout import enum_differences, layout_differences

VMLINUX = Path("/sys/kernel/btf/vmlinux")


@pytest.fixture(scope="module")
def btf():
    return Btf.from_bytes(VMLINUX.read_bytes())


def test_structures(btf):
    assert layout_differences(btf, tuple(kernel_version()[:2])) == []


@pytest.mark.parametrize("name", ["bpf_cmd", "bpf_map_type", "bpf_prog_type", "bpf_attach_type"])
def test_enumerators(btf, name):
    assert enum_differences(btf, getattr(bpf, name)) == []


def test_a_wrong_offset_would_be_seen(btf, monkeypatch):
    monkeypatch.setitem(layouts.SPELLED, (BpfAttrObjId, "id"), "next_id")
    (difference,) = layout_differences(btf, (5, 8))
    assert difference == "union bpf_attr.next_id: ours (0, 4), the kernel's (4, 4)"
