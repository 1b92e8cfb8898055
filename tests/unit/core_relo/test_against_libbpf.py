"""The same object, the same kernel's types: our instructions are those that libbpf would load."""

from pathlib import Path

import pytest

from rawbpf.asm.instruction import decode_all
from rawbpf.cli.btf_source import open_btf
from rawbpf.collection.open import read_object
from rawbpf.core_relo import Targets, relocate
from rawbpf.errors import RawbpfError
from tests.support import libbpf
from tests.support.bpf_objects import CLANGS, build
from tests.support.bpf_objects import SOURCES as BPF_SRC
from tests.support.core_objects import PROGRAMS, TARGETS, core_object
from tests.support.kernel_btf import KERNELS

OURS = sorted(path.name.removesuffix(".bpf.c") for path in BPF_SRC.glob("*.bpf.c"))


@pytest.fixture(scope="module")
def loader(tmp_path_factory):
    return libbpf.compile_loader(tmp_path_factory.mktemp("libbpf"))


def relocated(path: Path, btf: Path):
    """By program the code for the kernel with these types."""
    spec = read_object(path)
    targets = Targets(open_btf(str(btf)))
    programs = {name: one.code for name, one in spec.programs.items() if one.autoload}
    return {name: relocate(code, spec.btf, targets).code for name, code in programs.items()}


def comparable(instructions, references):
    """Without descriptors, and what the running kernel's functions and variables are."""
    for index, one in enumerate(instructions):
        kind = references[index].kind if index in references else ""
        if kind == "map_value":
            yield one.opcode, one.dst, one.imm >> 32
        else:
            yield (one.opcode, one.dst) if kind else one


def check(loader, path, btf):
    theirs = libbpf.load(loader, path, btf)
    ours = relocated(path, btf)
    assert not theirs.refused, theirs.complaint
    assert ours
    for name, code in ours.items():
        references = code.references
        numbers = dict.fromkeys((one.name for one in references.values()), 0)
        made = decode_all(code.encode(numbers, numbers))
        expected = comparable(decode_all(theirs.code[name]), references)
        assert list(comparable(made, references)) == list(expected), name


@pytest.mark.parametrize("target", [*KERNELS, *TARGETS[:2]], ids=lambda one: Path(one).name)
@pytest.mark.parametrize("newest", [True, False], ids=["clang-19", "clang-14"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_every_kind_of_question(loader, name, newest, target):
    btf = core_object(target) if target in TARGETS else Path(target)
    path = core_object(name, newest=newest)
    if (name, newest, target) == ("kinds", False, "target_moved"):
        # clang 14 writes half of a 64-bit enumerator: the record contradicts the instruction.
        assert "unexpected insn" in libbpf.load(loader, path, btf).complaint
        with pytest.raises(RawbpfError, match="enum large::HUGE"):
            relocated(path, btf)
        return
    check(loader, path, btf)


@pytest.mark.parametrize("name", ["fields", "kinds"])
def test_both_find_the_same_ambiguous(loader, name):
    path, btf = core_object(name), core_object("target_many")
    theirs = libbpf.load(loader, path, btf)
    assert "ambiguity" in theirs.complaint
    with pytest.raises(RawbpfError, match="is ambiguous on this kernel") as caught:
        relocated(path, btf)
    for candidate in ("thing", "thing___v2") if name == "fields" else ("small", "small___v2"):
        assert f"{candidate} says" in str(caught.value)


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda one: Path(one).name)
@pytest.mark.parametrize("clang", CLANGS)
def test_programs_of_bpf_src(loader, clang, kernel):
    for name in OURS:
        check(loader, build(name, clang), Path(kernel))
