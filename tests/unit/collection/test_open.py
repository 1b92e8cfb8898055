"""From a file to a blueprint."""

from pathlib import Path

import pytest

from rawbpf.collection.object_source import read_object
from rawbpf.errors import FormatError

BPF_SRC = Path(__file__).parents[3] / "bpf_src"


def test_assembly_comes_with_types_for_its_functions():
    """Without them the kernel would not take the address of one: "missing btf func_info"."""
    spec = read_object(BPF_SRC / "callback.bpf.s")
    assert spec.btf is not None
    assert [f.name for f in spec.programs["callback"].code.functions] == ["callback", "each"]
    assert all(function.type_id for function in spec.programs["callback"].code.functions)


def test_a_source_is_told_how_to_become_an_object(tmp_path):
    source = tmp_path / "tool.bpf.c"
    source.write_text("int x;")
    with pytest.raises(FormatError, match="compile it first: clang -target bpf"):
        read_object(source)
