"""Where pt_regs has its fields, against what the kernel says of itself."""

import os
from pathlib import Path

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.sizes import resolve
from rawbpf.uapi.btf import BTF_KIND_STRUCT
from rawbpf.uapi.pt_regs import PT_REGS

VMLINUX = Path("/sys/kernel/btf/vmlinux")
pytestmark = pytest.mark.no_probe

STRUCT = {"x86_64": "pt_regs", "aarch64": "user_pt_regs"}


def offsets(btf, record, start=0):
    """Name -> offset in bytes, of all fields; those of unnamed unions as if they were its own."""
    for member in record.members:
        at = start + member.bit_offset // 8
        inner = resolve(btf, member.type_id)
        if member.name:
            yield member.name, at
        elif isinstance(inner, t.Struct | t.Union):
            yield from offsets(btf, inner, at)


def test_offsets():
    machine = os.uname().machine
    layout = PT_REGS[machine]
    btf = Btf.from_bytes(VMLINUX.read_bytes())
    record = btf.find(STRUCT[machine], BTF_KIND_STRUCT)
    found = dict(offsets(btf, record))
    if machine == "aarch64":
        found |= {f"x{number}": found["regs"] + 8 * number for number in range(31)}
    assert record.size == layout.size
    assert {name: found.get(name) for name in layout.fields} == {
        name: layout.offset(name) for name in layout.fields
    }
