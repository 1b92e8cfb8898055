"""Compare the offsets in struct pt_regs with the kernel's BTF."""

from pathlib import Path

import pytest

from rawbpf.arch import native
from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.sizes import resolve
from rawbpf.uapi.btf import BTF_KIND_STRUCT

VMLINUX = Path("/sys/kernel/btf/vmlinux")
pytestmark = pytest.mark.no_probe


def offsets(btf, record, start=0):
    """Return the offset of each field by name, including those of anonymous unions."""
    for member in record.members:
        at = start + member.bit_offset // 8
        inner = resolve(btf, member.type_id)
        if member.name:
            yield member.name, at
        elif isinstance(inner, t.Struct | t.Union):
            yield from offsets(btf, inner, at)


def test_offsets():
    layout = native().pt_regs
    btf = Btf.from_bytes(VMLINUX.read_bytes())
    record = btf.find("pt_regs", BTF_KIND_STRUCT)
    found = dict(offsets(btf, record))
    if "regs" in found:  # arm64 has an array of registers
        found |= {f"x{number}": found["regs"] + 8 * number for number in range(31)}
    assert {name: found.get(name) for name in layout.fields} == {
        name: layout.offset(name) for name in layout.fields
    }
    assert record.size >= layout.size
