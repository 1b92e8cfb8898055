"""Relocated instructions are those that libbpf would load, for the same object and kernel."""

from pathlib import Path

import pytest

from rawbpf.errors import RawbpfError
from tests.support import libbpf
from tests.support.bpf_objects import CLANGS, build
from tests.support.bpf_objects import SOURCES as BPF_SRC
from tests.support.core_objects import PROGRAMS, TARGETS, core_object
from tests.support.kernel_btf import KERNELS
from tests.support.relocated import check_relocated, relocated

OURS = sorted(path.name.removesuffix(".bpf.c") for path in BPF_SRC.glob("*.bpf.c"))


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
    return libbpf.compile_loader(tmp_path_factory.mktemp("libbpf"))


@pytest.mark.parametrize("target", [*KERNELS, *TARGETS[:2]], ids=lambda one: Path(one).name)
@pytest.mark.parametrize("newest", [True, False], ids=["clang-19", "clang-14"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_kind_of_record(loader, name, newest, target):
    btf = core_object(target) if target in TARGETS else Path(target)
    path = core_object(name, newest=newest)
    if (name, newest, target) == ("kinds", False, "target_moved"):
        # clang 14 truncates a 64-bit enumerator, so the record contradicts the instruction.
        assert "unexpected insn" in libbpf.load(loader, path, btf).complaint
        with pytest.raises(RawbpfError, match="enum large::HUGE"):
            relocated(path, btf)
        return
    check_relocated(loader, path, btf)


@pytest.mark.parametrize("name", ["fields", "kinds"])
def test_both_find_the_same_types_ambiguous(loader, name):
    path, btf = core_object(name), core_object("target_many")
    theirs = libbpf.load(loader, path, btf)
    assert "ambiguity" in theirs.complaint
    with pytest.raises(RawbpfError, match="is ambiguous on this kernel") as caught:
        relocated(path, btf)
    for candidate in ("thing", "thing___v2") if name == "fields" else ("small", "small___v2"):
        assert f" {candidate}," in f"{caught.value},".replace(";", ",")


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda one: Path(one).name)
@pytest.mark.parametrize("clang", CLANGS)
def test_programs_of_bpf_src(loader, clang, kernel):
    for name in OURS:
        check_relocated(loader, build(name, clang), Path(kernel))
