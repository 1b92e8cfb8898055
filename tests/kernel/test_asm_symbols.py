"""Assembly refers to kernel functions and variables by name."""

import pytest

from rawbpf.collection.collection import Collection
from rawbpf.errors import UnsupportedError, VerifierError
from rawbpf.kernel.version import kernel_version
from rawbpf.source.assembler import assemble
from rawbpf.uapi.btf import BTF_KIND_VAR
from tests.support.data_symbols import lists_variables

VARIABLE = """
.license "GPL"
.program look, "tc"
        r1 = var_addr(bpf_prog_active) ll
        r0 = 1
        if r1 == 0 goto out
        r0 = 7
out:    exit
"""

FUNCTIONS = """
.license "GPL"
.program lock, "tc"
        call kfunc bpf_rcu_read_lock
        call kfunc bpf_rcu_read_unlock
        r0 = 7
        exit
"""


def result(text: str, name: str) -> int:
    with Collection(assemble(text)) as one:
        one.load()
        return one.programs[name].test_run(bytes(14)).retval


def test_a_variable_is_found_by_its_btf_id(kernel):
    known = kernel.types.find("bpf_prog_active", BTF_KIND_VAR)  # pahole 1.18 and later
    if known and lists_variables():
        assert result(VARIABLE, "look") == 7
    elif known:
        with pytest.raises(VerifierError, match="failed to find the address for kernel symbol"):
            result(VARIABLE, "look")
    else:
        with pytest.raises(UnsupportedError, match="no variable bpf_prog_active"):
            result(VARIABLE, "look")


def test_functions_are_found_by_their_btf_ids():
    if kernel_version() >= (6, 2):  # the first version with these functions
        assert result(FUNCTIONS, "lock") == 7
