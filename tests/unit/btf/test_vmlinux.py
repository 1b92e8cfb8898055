"""All of a kernel's types: decoded, described, written again."""

import re
from pathlib import Path

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.ctext.header import c_header
from rawbpf.btf.describe import raw
from rawbpf.btf.encode import BtfBuilder
from rawbpf.uapi.btf import BTF_KIND_STRUCT
from tests.support.kernel_btf import KERNELS


@pytest.fixture(params=KERNELS, ids=lambda path: Path(path).name)
def kernel(request):
    return Btf.from_bytes(Path(request.param).read_bytes())


def test_writing_it_again_changes_nothing(kernel):
    builder = BtfBuilder()
    for type_id, record in kernel:
        assert builder.add(record) == type_id
    again = Btf.from_bytes(builder.encode())
    assert all(again[type_id] == record for type_id, record in kernel)


def test_every_type_has_a_text(kernel):
    lines = sum(1 for type_id in range(1, len(kernel)) for _ in raw(kernel, type_id))
    assert lines > len(kernel)
    text = "".join(c_header(kernel))
    named = {r.name for _, r in kernel if r.kind == BTF_KIND_STRUCT and r.name}
    assert named <= set(re.findall(r"^struct (\w+?)(?:___\d+)? \{", text, re.MULTILINE))
