"""Compile C with clang and the headers of rawbpf."""

import re
from pathlib import Path

import pytest

from rawbpf.errors import CompileError, FormatError, RawbpfError, UnsupportedError, UsageError
from rawbpf.source.c.clang import INCLUDE, compile_c, find_clang
from rawbpf.source.c.vmlinux import vmlinux_folder
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
def test_the_headers_compile_without_a_warning(tmp_path, clang):
    peer(clang)
    done = compile_c(written(tmp_path, SMALL), clang=clang)
    assert done.data[:4] == b"\x7fELF"
    assert done.warnings == ""


def test_a_failure_of_clang_carries_its_output(tmp_path):
    peer("clang-19")
    source = written(tmp_path, "int f(void) { return nothing; }\n")
    with pytest.raises(CompileError) as refusal:
        compile_c(source, clang="clang-19")
    assert "undeclared identifier 'nothing'" in refusal.value.output
    assert f"cannot compile {source}" in str(refusal.value)


def test_a_missing_file_and_a_missing_clang_are_reported(tmp_path, monkeypatch):
    peer("clang-19")
    with pytest.raises(UsageError, match="No such file"):
        compile_c(tmp_path / "none.bpf.c", clang="clang-19")
    with pytest.raises(UnsupportedError, match="'clang-3' is not installed"):
        find_clang("clang-3")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnsupportedError, match="clang is not installed"):
        find_clang()


def test_vmlinux_h_is_written_once_for_each_kernel(tmp_path):
    from rawbpf.btf.encode import BtfBuilder

    builder = BtfBuilder()
    builder.add_struct("only_here", 4, [("pid", builder.add_int("int", 4, signed=True), 0)])
    folder = vmlinux_folder(builder.encode(), tmp_path / "cache")
    header = folder / "vmlinux.h"
    assert "struct only_here {" in header.read_text()
    header.write_text("kept")
    assert vmlinux_folder(builder.encode(), tmp_path / "cache") == folder
    assert header.read_text() == "kept"
    builder.add_int("more", 8)
    assert vmlinux_folder(builder.encode(), tmp_path / "cache") != folder


def test_damaged_types_leave_nothing_in_the_cache(tmp_path):
    from rawbpf.btf import types as t
    from rawbpf.btf.encode import BtfBuilder

    builder = BtfBuilder()
    builder.add(t.Struct("round", 4, (t.Member("again", 1, 0),)))
    with pytest.raises(FormatError, match="circular"):
        vmlinux_folder(builder.encode(), tmp_path / "cache")
    assert [path for path in tmp_path.glob("cache/**/*") if path.is_file()] == []


UAPI = """
#include <linux/bpf.h>
#include <linux/if_ether.h>
__attribute__((section("xdp"), used)) int pass(struct xdp_md *ctx) { return XDP_PASS; }
"""


@pytest.mark.parametrize("clang", ["clang-14", "clang-19"])
def test_programs_may_include_the_kernels_uapi_headers_instead(tmp_path, clang):
    peer("gcc")  # its C library brings <linux/*.h>
    assert compile_c(written(tmp_path, UAPI), clang=peer(clang)).data


def test_without_kernel_types_only_programs_that_include_vmlinux_h_fail(tmp_path):
    peer("clang-19")
    text = SMALL.replace("#include <rawbpf", '#include "vmlinux.h"\n#include <rawbpf')
    with pytest.raises(UnsupportedError, match=r"cannot make vmlinux\.h: this kernel has no BTF"):
        compile_c(written(tmp_path, text), clang="clang-19")
    assert compile_c(written(tmp_path, SMALL), clang="clang-19").data
    with pytest.raises(CompileError):
        compile_c(written(tmp_path, "int f(void) { return nothing; }"), clang="clang-19")


def test_no_place_for_vmlinux_h(tmp_path, monkeypatch):
    def unknown(uid):
        raise KeyError(uid)

    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RawbpfError, match=r"vmlinux\.h: HOME is not set; set XDG"):
        vmlinux_folder(b"")
    assert not list(tmp_path.iterdir())


CALLS = {
    "memset": "char b[4096]; unsigned long n; int f(void) { __builtin_memset(b, 1, n); return 0; }",
    "__divti3": "__int128 a, b; int f(void) { a /= b; return 0; }",
}


@pytest.mark.parametrize(
    ("name", "advice"), [("memset", "a constant size"), ("__divti3", "64 bits")]
)
def test_calls_that_clang_generates_and_does_not_support(tmp_path, name, advice):
    with pytest.raises(CompileError, match=f"{name}: .*{advice}"):
        compile_c(written(tmp_path, CALLS[name]), clang=peer("clang-19"))
