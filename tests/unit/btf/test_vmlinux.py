"""All types of a kernel: decoded, described, encoded again."""

import re
from pathlib import Path

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.ctext.header import c_header
from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.raw_text import raw
from rawbpf.btf.types import Func, FuncProto
from rawbpf.uapi.btf import BTF_KIND_ENUM, BTF_KIND_STRUCT, KINDS
from tests.support.kernel_btf import KERNELS


@pytest.fixture(params=KERNELS, ids=lambda path: Path(path).name)
def kernel(request):
    return Btf.from_bytes(Path(request.param).read_bytes())


def test_all_kinds_of_the_kernel_are_known(kernel, request):
    """Since 5.16, the kernel's enum of kinds is in its own BTF."""
    kinds = {
        value.name.removeprefix("BTF_KIND_"): value.value
        for _, record in kernel
        if record.kind == BTF_KIND_ENUM
        for value in record.values
        if value.name.startswith("BTF_KIND_") and not value.name.endswith(("UNKN", "MAX"))
    }
    ours = {row.name: kind for kind, row in KINDS.items()}
    assert kinds.items() <= ours.items()
    assert kinds or "5.10" in request.node.name


def test_all_types_are_plausible(kernel):
    functions = 0
    for _, record in kernel:
        if isinstance(record, Func):
            functions += 1
            assert isinstance(kernel[record.type_id], FuncProto)
    assert functions > 10_000
    task = kernel.find("task_struct", BTF_KIND_STRUCT)
    assert {"pid", "tgid", "comm"} <= {member.name for member in task.members}


def test_encoding_it_again_changes_nothing(kernel):
    builder = BtfBuilder()
    for type_id, record in kernel:
        assert builder.add(record) == type_id
    again = Btf.from_bytes(builder.encode())
    assert all(again[type_id] == record for type_id, record in kernel)


def test_every_type_has_a_text(kernel):
    lines = sum(text.count("\n") for text in raw(kernel))
    assert lines > len(kernel)
    text = "".join(c_header(kernel))
    named = {r.name for _, r in kernel if r.kind == BTF_KIND_STRUCT and r.name}
    assert named <= set(re.findall(r"^struct (\w+?)(?:___\d+)? \{", text, re.MULTILINE))
