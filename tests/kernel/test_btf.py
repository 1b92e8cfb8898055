"""Read the running kernel's BTF, and load BTF that we encode.

If the guest was started with --out, the tests copy the kernel's BTF out of it. A machine with
clang then checks the C that we generate from it (tests/unit/btf/test_ctext_vmlinux.py).
"""

import struct
from pathlib import Path

import pytest

from rawbpf.btf import types as t
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.btf.ext_info import FuncInfo, LineInfo, pack
from rawbpf.btf.for_kernel import for_kernel
from rawbpf.btf.sanitize import FEATURES, example
from rawbpf.cli.objects.btf_source import open_btf
from rawbpf.errors import KernelError
from rawbpf.kernel.btf import btf_modules
from rawbpf.kernel.version import kernel_version
from rawbpf.syscall.bpf import obj_get_info, prog_load
from rawbpf.syscall.bpf_object import btf_load
from rawbpf.syscall.gate import Attr
from rawbpf.uapi.bpf_attr import BpfAttrProgLoad, BpfProgInfo
from rawbpf.uapi.btf import BTF_FUNC_STATIC, BTF_KIND_FUNC

pytestmark = [pytest.mark.no_probe, pytest.mark.timeout(600)]

OUT = Path("/out")


@pytest.fixture(scope="module")
def kernel():
    return open_btf("kernel")


def accepted(data):
    try:
        btf_load(data).close()
    except KernelError:
        return False
    return True


def test_the_kernels_btf_is_copied_out():
    """Copy the BTF out. Slow tests run on the host; see tests/unit/btf."""
    data = Path("/sys/kernel/btf/vmlinux").read_bytes()
    assert data[:2] == b"\x9f\xeb"
    if OUT.is_dir():
        (OUT / f"btf-{'.'.join(map(str, kernel_version()))}").write_bytes(data)


def test_the_btf_of_modules_is_copied_out():
    for name in btf_modules():
        data = Path(f"/sys/kernel/btf/{name}").read_bytes()
        assert data[:2] == b"\x9f\xeb"
        if OUT.is_dir():
            (OUT / f"module-{'.'.join(map(str, kernel_version()))}-{name}").write_bytes(data)


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_exists_since_its_kernel(name):
    since = tuple(map(int, FEATURES[name].since.split(".")))
    assert accepted(example(name)) == (kernel_version()[:2] >= since)


@pytest.mark.parametrize("name", FEATURES)
def test_every_kernel_accepts_btf_without_the_feature(name):
    assert accepted(for_kernel(Btf(example(name)), {}, [name]).encode())


def test_the_kernel_accepts_every_kind_that_it_knows():
    """Load every kind as a compiler writes it, with valid names and sizes."""
    builder = BtfBuilder()
    number, char = builder.add_int("int", 4, signed=True), builder.add_int("char", 1)
    pointer, array = builder.add_ptr(number), builder.add_array(number, 3, number)
    members = t.Member("a", number, 0, 3), t.Member("b", number, 3, 5)
    for record in (
        t.Struct("s", 4, members, kind_flag=True),
        t.Union("u", 12, (t.Member("a", array, 0), t.Member("p", pointer, 0))),
        t.Enum("e", 4, (t.Enumerator("A", 1), t.Enumerator("B", 0xFFFFFFFF))),
        t.Fwd("f"),
        t.Fwd("g", is_union=True),
        t.Typedef("number", number),
        t.Const(number),
        t.Volatile(char),
        t.Restrict(pointer),
        t.FuncProto(number, (t.Param("a", pointer),)),
    ):
        last = builder.add(record)
    builder.add_func("run", last, BTF_FUNC_STATIC)
    variable = builder.add_var("v", number)
    builder.add_datasec(".data", 4, [(variable, 0, 4)])
    assert accepted(builder.encode())


def test_the_kernel_rejects_damaged_btf():
    builder = BtfBuilder()
    builder.add_ptr(2)
    assert not accepted(builder.encode())
    builder.add_int("int", 4)
    assert accepted(builder.encode())


def test_func_info_and_line_info():
    """The kernel counts and checks the function and line records of a program."""
    builder = BtfBuilder()
    number = builder.add_int("int", 4, signed=True)
    proto = builder.add_func_proto(number, [("ctx", builder.add_ptr(0))])
    function = builder.add_func("answer", proto)
    lines = [LineInfo(0, "a.c", "int answer(void *ctx)", 1, 5), LineInfo(1, "a.c", "}", 2, 1)]
    line_info = pack(lines, builder.strings)
    code = struct.pack("<BBhi", 0xB7, 0, 0, 42) + struct.pack("<BBhi", 0x95, 0, 0, 0)
    with btf_load(builder.encode()) as btf:
        attr = Attr(BpfAttrProgLoad(prog_type=1, insn_cnt=2, prog_btf_fd=btf.fileno()))
        attr.point("insns", code).point("license", b"GPL\0").point("line_info", line_info)
        attr.point("func_info", pack([FuncInfo(0, function)], builder.strings))
        attr.struct.func_info_rec_size, attr.struct.func_info_cnt = 8, 1
        attr.struct.line_info_rec_size, attr.struct.line_info_cnt = 16, len(lines)
        with prog_load(attr.ends_at("line_info_cnt"), "answer") as program:
            info = obj_get_info(program.fileno(), BpfProgInfo())
    assert (info.nr_func_info, info.nr_line_info) == (1, 2)


def test_the_prototype_of_a_function_that_is_often_probed(kernel):
    """The prototype from which a tracer takes argument names."""
    record = kernel.find("vfs_read", BTF_KIND_FUNC)
    names = [param.name for param in kernel[record.type_id].params]
    assert names == ["file", "buf", "count", "pos"]
