"""Which type of the kernel a program is verified for."""

from types import SimpleNamespace

import pytest

from rawbpf.asm.program import Program
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.collection.attach_target import attach_target
from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type


def types_with(function, base=None):
    builder = BtfBuilder(base=base)
    builder.add_func(function, builder.add_func_proto(0), 0)
    return Btf(builder.encode(), base)


@pytest.fixture
def kernel():
    image = types_with("vfs_read")
    modules = {"nft": types_with("nft_do_chain", image)}
    return SimpleNamespace(require_types=lambda: image, modules=modules)


def program(where, at=bpf_attach_type.BPF_TRACE_FENTRY):
    kind = bpf_prog_type.BPF_PROG_TYPE_TRACING
    return ProgramSpec("p", kind, Program("p", ()), expected_attach_type=at, attach_to=where)


def test_a_function_of_the_image(kernel):
    assert attach_target(program("vfs_read"), kernel) == kernel.require_types().find_id("vfs_read")


def test_a_function_of_a_module_is_refused_by_name(kernel):
    with pytest.raises(UnsupportedError, match="function 'nft_do_chain' of module nft"):
        attach_target(program("nft_do_chain"), kernel)


def test_what_is_nowhere(kernel):
    with pytest.raises(UnsupportedError, match=r"no tracepoint 'vfs_read'.*btf_trace_vfs_read"):
        attach_target(program("vfs_read", bpf_attach_type.BPF_TRACE_RAW_TP), kernel)


def test_what_does_not_say_where(kernel):
    with pytest.raises(UsageError, match="does not say where"):
        attach_target(program(""), kernel)


def test_other_programs_have_no_target(kernel):
    spec = program("vfs_read")._replace(prog_type=bpf_prog_type.BPF_PROG_TYPE_KPROBE)
    assert attach_target(spec, kernel) is None
