"""vmlinux.h: clang gives every type of a kernel the kernel's own sizes and offsets.

Of the running kernel, and of those that tests/support/kernel_btf.py tells how to bring.
"""

from pathlib import Path

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.ctext.header import c_header
from rawbpf.btf.types import Struct, Union
from rawbpf.cli.objects.btf_source import open_btf
from rawbpf.kernel.btf import vmlinux_btf
from rawbpf.uapi.btf import BTF_KIND_FUNC, BTF_KIND_STRUCT
from tests.support.c_layout import check_with_clang, header_and_tags, static_asserts
from tests.support.clang import btf_of, clang, compile_object, sections
from tests.support.kernel_btf import KERNELS, MODULES


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: Path(path).name)
def test_every_struct_of_the_kernel(path, tmp_path):
    tags, with_bitfields = check_with_clang(
        Btf.from_bytes(Path(path).read_bytes()), tmp_path, btf_of, clang
    )
    # If the header had lost its types, the assertions would check nothing.
    assert len(tags) > 5000
    assert len(with_bitfields) > 100


def structs(opened):
    return [one for _, one in opened if isinstance(one, Struct | Union)]


@pytest.mark.parametrize(("kernel", "module"), MODULES, ids=lambda one: Path(one).name)
def test_types_of_a_module_and_their_dependencies(kernel, module, tmp_path):
    opened = open_btf(str(module), base=str(kernel))
    text, tags = header_and_tags(opened)
    asserts = list(static_asserts(opened, tags))
    compile_object("\n".join([text, *asserts, ""]), tmp_path / "a.o")
    assert len(asserts) >= len(tags) == sum(bool(one.name) for one in structs(opened))


@pytest.fixture(scope="module")
def kernel():
    path = vmlinux_btf()
    if path is None:
        pytest.skip("this kernel has no BTF")
    return Btf.from_bytes(Path(path).read_bytes())


def test_a_few_types_and_their_dependencies(kernel, tmp_path):
    """A program compiles against them, and its accesses to the kernel's struct are relocatable."""
    roots = [
        kernel.find_id("task_struct", BTF_KIND_STRUCT),
        kernel.find_id("tcp_v4_connect", BTF_KIND_FUNC),
    ]
    text = "".join(c_header(kernel, roots))
    program = 'char _license[] __attribute__((section("license"), used)) = "GPL";\n'
    program += "int f(struct task_struct *t) { return t->pid; }\n"
    assert text.count("struct task_struct {") == 1
    assert "extern int tcp_v4_connect(struct sock *sk, " in text
    (relocations,) = sections(compile_object(text + program, tmp_path / "a.o"), ".BTF.ext")
    strings = Btf.from_bytes(sections(tmp_path / "a.o", ".BTF")[0]).strings
    from rawbpf.btf.ext_info import decode_ext_info

    (record,) = decode_ext_info(relocations, strings).core_relos[".text"]
    assert record.access.startswith("0:")
