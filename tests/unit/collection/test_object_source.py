"""Read object files, assembly and C."""

from pathlib import Path

import pytest

from rawbpf.collection.object_source import read_object
from rawbpf.errors import FormatError

BPF_SRC = Path(__file__).parents[3] / "bpf_src"


def test_assembly_has_btf_for_its_functions():
    """Without them the kernel would not take the address of one: "missing btf func_info"."""
    spec = read_object(BPF_SRC / "callback.bpf.s")
    assert spec.btf is not None
    assert [f.name for f in spec.programs["callback"].code.functions] == ["callback", "each"]
    assert all(function.type_id for function in spec.programs["callback"].code.functions)


def test_a_c_file_is_an_error_that_tells_how_to_compile_it(tmp_path):
    source = tmp_path / "tool.bpf.c"
    source.write_text("int x;")
    with pytest.raises(FormatError, match="compile the file first: clang -target bpf"):
        read_object(source)
