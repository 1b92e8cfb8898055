"""Attach targets in kernel BTF."""

from types import SimpleNamespace

import pytest

from rawbpf.asm.bytecode import Bytecode
from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.collection.kernel_types import attach_target
from rawbpf.errors import UnsupportedError, UsageError
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.uapi.bpf import bpf_attach_type, bpf_prog_type


def types_with(functions, base=None):
    builder = BtfBuilder(base=base)
    for function in functions:
        builder.add_func(function, builder.add_func_proto(0), 0)
    return Btf(builder.encode(), base)


@pytest.fixture
def kernel():
    image = types_with(["vfs_read"])
    modules = {
        "nft": types_with(["nft_do_chain", "start"], image),
        "late": types_with(["start"], image),
    }
    owners = {"old_function": ["old"], "nft_do_chain": ["nft"]}
    return SimpleNamespace(
        require_types=lambda: image, modules=modules, owners=lambda name: owners.get(name, [])
    )


def program(where, at=bpf_attach_type.BPF_TRACE_FENTRY):
    kind = bpf_prog_type.BPF_PROG_TYPE_TRACING
    return ProgramSpec("p", kind, Bytecode("p", ()), expected_attach_type=at, attach_to=where)


@pytest.mark.parametrize("where", ["vfs_read", "vmlinux:vfs_read"])
def test_a_function_of_the_kernel_image_is_found(kernel, where):
    found = attach_target(program(where), kernel)
    assert found == (kernel.require_types().find_id("vfs_read"), "")


def test_module_btf_is_not_read_for_a_name_in_the_image(kernel):
    del kernel.modules
    assert attach_target(program("vfs_read"), kernel).module == ""


@pytest.mark.parametrize("where", ["nft_do_chain", "nft:nft_do_chain"])
def test_a_function_of_a_module_is_found(kernel, where):
    found = attach_target(program(where), kernel)
    assert found == (kernel.modules["nft"].find_id("nft_do_chain"), "nft")


def test_of_several_modules_the_first_or_the_named_one_is_used(kernel):
    assert attach_target(program("start"), kernel).module == "nft"
    assert attach_target(program("late:start"), kernel).module == "late"


def test_an_unknown_target_is_an_error(kernel):
    with pytest.raises(UnsupportedError, match=r"no tracepoint 'vfs_read'.*btf_trace_vfs_read"):
        attach_target(program("vfs_read", bpf_attach_type.BPF_TRACE_RAW_TP), kernel)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("never_was:f", "module never_was is not loaded; load the module: modprobe never_was"),
        ("vmlinux:nft_do_chain", "the BTF of the kernel image does not contain nft_do_chain"),
        ("old_function", "module old has no BTF; .*kprobes do not need BTF"),
    ],
)
def test_the_error_tells_why_the_target_was_not_found(kernel, where, why):
    with pytest.raises(UnsupportedError, match=why):
        attach_target(program(where), kernel)


def test_a_missing_target_is_an_error(kernel):
    with pytest.raises(UsageError, match="has no attach target"):
        attach_target(program(""), kernel)


def test_other_program_types_have_no_target(kernel):
    spec = program("vfs_read")._replace(prog_type=bpf_prog_type.BPF_PROG_TYPE_KPROBE)
    assert attach_target(spec, kernel) is None
