"""C to an object, by clang, with our headers."""

import re
from pathlib import Path

import pytest

from rawbpf.compile.clang import find_clang
from rawbpf.compile.driver import INCLUDE, compile_c
from rawbpf.compile.vmlinux import vmlinux_folder
from rawbpf.errors import CompileError, FormatError, UnsupportedError, UsageError
from rawbpf.uapi.bpf_insn import HELPERS
from tests.support.peers import peer

HELPER = re.compile(r"^HELPER\((\d+), [^,]+, (\w+),", re.MULTILINE)

SMALL = """
typedef unsigned char u8; typedef unsigned int u32; typedef int s32;
typedef unsigned long long u64; typedef long long s64;
struct seq_file; struct task_struct; struct bpf_spin_lock;
#include <rawbpf/bpf.h>
LICENSE("GPL");
SEC("kprobe/do_exit") int small(void *ctx) { return bpf_ktime_get_ns() & 1; }
"""


@pytest.fixture
def headers(tmp_path):
    """A folder without the kernel's types, which take seconds to write."""
    folder = tmp_path / "headers"
    folder.mkdir()
    return folder


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "small.bpf.c"
    path.write_text(text)
    return path


def test_helpers_have_the_kernels_numbers():
    found = HELPER.findall((INCLUDE / "rawbpf" / "bpf.h").read_text())
    assert len(found) > 30
    assert {name: int(number) for number, name in found} == {
        name: HELPERS[name].number for _, name in found
    }


@pytest.mark.parametrize("clang", ["clang-14", "clang-19"])
def test_the_headers_compile_without_a_warning(tmp_path, headers, clang):
    peer(clang)
    done = compile_c(written(tmp_path, SMALL), clang=clang, headers=headers)
    assert done.data[:4] == b"\x7fELF"
    assert done.warnings == ""


def test_clang_has_the_word_when_it_refuses(tmp_path, headers):
    peer("clang-19")
    source = written(tmp_path, "int f(void) { return nothing; }\n")
    with pytest.raises(CompileError) as refusal:
        compile_c(source, clang="clang-19", headers=headers)
    assert "undeclared identifier 'nothing'" in refusal.value.output
    assert f"cannot compile {source}" in str(refusal.value)


def test_no_clang_and_no_file_are_said_in_a_line(tmp_path, headers, monkeypatch):
    peer("clang-19")
    with pytest.raises(UsageError, match="No such file"):
        compile_c(tmp_path / "none.bpf.c", clang="clang-19", headers=headers)
    with pytest.raises(UnsupportedError, match="there is no 'clang-3'"):
        find_clang("clang-3")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnsupportedError, match="there is no clang"):
        find_clang()


def test_vmlinux_h_is_written_once_for_each_kernel(tmp_path):
    from rawbpf.btf.encode import BtfBuilder

    builder = BtfBuilder()
    builder.add_struct("only_here", 4, [("pid", builder.add_int("int", 4, signed=True), 0)])
    blob = tmp_path / "btf"
    blob.write_bytes(builder.encode())
    folder = vmlinux_folder(blob, tmp_path / "cache")
    header = folder / "vmlinux.h"
    assert "struct only_here {" in header.read_text()
    header.write_text("kept")
    assert vmlinux_folder(blob, tmp_path / "cache") == folder
    assert header.read_text() == "kept"
    builder.add_int("more", 8)
    blob.write_bytes(builder.encode())
    assert vmlinux_folder(blob, tmp_path / "cache") != folder


def test_types_that_are_damaged_leave_nothing_in_the_cache(tmp_path):
    from rawbpf.btf import types as t
    from rawbpf.btf.encode import BtfBuilder

    builder = BtfBuilder()
    builder.add(t.Struct("round", 4, (t.Member("again", 1, 0),)))
    blob = tmp_path / "btf"
    blob.write_bytes(builder.encode())
    with pytest.raises(FormatError, match="circular"):
        vmlinux_folder(blob, tmp_path / "cache")
    assert [path for path in tmp_path.glob("cache/**/*") if path.is_file()] == []


UAPI = """
#include <linux/bpf.h>
#include <linux/if_ether.h>
__attribute__((section("xdp"), used)) int pass(struct xdp_md *ctx) { return XDP_PASS; }
"""


@pytest.mark.parametrize("clang", ["clang-14", "clang-19"])
def test_the_kernels_headers_may_be_included_instead(tmp_path, headers, clang):
    peer("gcc")  # its C library brings <linux/*.h>
    assert compile_c(written(tmp_path, UAPI), clang=peer(clang), headers=headers).data


def test_without_the_kernels_types_it_is_who_wants_them_that_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("rawbpf.compile.vmlinux.vmlinux_btf", lambda: None)
    peer("clang-19")
    text = SMALL.replace("#include <rawbpf", '#include "vmlinux.h"\n#include <rawbpf')
    with pytest.raises(UnsupportedError, match=r"cannot make vmlinux\.h: this kernel has no BTF"):
        compile_c(written(tmp_path, text), clang="clang-19")
    assert compile_c(written(tmp_path, SMALL), clang="clang-19").data
    with pytest.raises(CompileError):
        compile_c(written(tmp_path, "int f(void) { return nothing; }"), clang="clang-19")
