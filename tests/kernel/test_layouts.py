"""Compare our structures and numbers with the running kernel's BTF."""

from pathlib import Path

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.kernel.version import kernel_version
from rawbpf.uapi import bpf, fields
from rawbpf.uapi.bpf_attr import BpfAttrObjId
from tests.support.btf_layout import enum_differences, layout_differences, present
from tests.support.layouts import all_fields

VMLINUX = Path("/sys/kernel/btf/vmlinux")


@pytest.fixture(scope="module")
def btf():
    return Btf.from_bytes(VMLINUX.read_bytes())


def test_structures(btf):
    assert layout_differences(btf, tuple(kernel_version()[:2])) == []


@pytest.mark.parametrize("name", ["bpf_cmd", "bpf_map_type", "bpf_prog_type", "bpf_attach_type"])
def test_enumerators(btf, name):
    assert enum_differences(btf, getattr(bpf, name)) == []


def test_no_field_exists_before_its_release(btf):
    """Fields that were added after this kernel's release must not exist here."""
    release = tuple(kernel_version()[:2])
    younger = [one for one in all_fields() if one[-1] > release]
    early = [f"{c_type}.{path}" for _, _, c_type, path, _ in younger if present(btf, c_type, path)]
    assert early == []


def test_a_wrong_offset_is_detected(btf, monkeypatch):
    monkeypatch.setitem(fields.SPELLED, (BpfAttrObjId, "id"), "next_id")
    (difference,) = layout_differences(btf, (5, 8))
    assert difference == "union bpf_attr.next_id: (0, 4) here, (4, 4) in the kernel"
