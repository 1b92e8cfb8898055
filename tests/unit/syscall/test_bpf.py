"""The functions for bpf(2) on a simulated kernel."""

import errno

import pytest

from rawbpf.errors import KernelError
from rawbpf.syscall import bpf, bpf_object
from rawbpf.syscall.gate import Attr, replaced
from rawbpf.uapi.bpf import bpf_cmd, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfAttrProgLoad
from tests.support.fake_kernel import FakeKernel

ARRAY = bpf_map_type.BPF_MAP_TYPE_ARRAY


def test_the_attr_ends_with_the_last_field_in_use():
    kernel = FakeKernel(BPF_MAP_CREATE=[30])
    with replaced(kernel):
        bpf.map_create(BpfAttrMapCreate(map_type=ARRAY, key_size=4, map_name=b"x")).close()
        bpf.map_create(BpfAttrMapCreate(map_type=ARRAY, btf_value_type_id=3)).close()
    sizes = [words[2] for _, words in kernel.calls]
    assert sizes == [28 + 16, BpfAttrMapCreate.btf_value_type_id.offset + 4]
    assert kernel.closed == [30, 30]


def test_an_interrupted_load_is_repeated_up_to_five_times():
    attr = Attr(BpfAttrProgLoad(insn_cnt=1)).ends_at("prog_name")
    patient = FakeKernel(BPF_PROG_LOAD=[-errno.EAGAIN] * 4 + [31])
    with replaced(patient):
        bpf.prog_load(attr, "x").close()
    assert len(patient.calls) == 5
    hopeless = FakeKernel(BPF_PROG_LOAD=[-errno.EAGAIN])
    with replaced(hopeless), pytest.raises(KernelError) as caught:
        bpf.prog_load(attr, "x")
    assert caught.value.errno == errno.EAGAIN
    assert len(hopeless.calls) == 5


def test_an_interrupted_test_run_is_repeated():
    kernel = FakeKernel(BPF_PROG_TEST_RUN=[-errno.EINTR, -errno.EINTR, 0])
    with replaced(kernel):
        assert bpf.prog_test_run(3, bytes(14)).retval == 0
    assert kernel.names() == ["BPF_PROG_TEST_RUN"] * 3


def test_errors_name_the_command():
    with replaced(FakeKernel(BPF_MAP_LOOKUP_ELEM=[-errno.ENOENT])), pytest.raises(KernelError) as e:
        bpf.map_lookup_elem(3, b"key!", 8)
    assert str(e.value) == "BPF_MAP_LOOKUP_ELEM: ENOENT (No such file or directory)"


def test_the_end_of_ids_and_keys_is_not_an_error():
    kernel = FakeKernel(BPF_PROG_GET_NEXT_ID=[-errno.ENOENT], BPF_MAP_GET_NEXT_KEY=[-errno.ENOENT])
    with replaced(kernel):
        assert bpf_object.next_id(bpf_cmd.BPF_PROG_GET_NEXT_ID, 0) is None
        assert bpf.map_get_next_key(3, None, 4) is None


def test_buffers_live_as_long_as_the_attr():
    attr = Attr(BpfAttrProgLoad()).point("insns", bytes(range(64)))
    import ctypes
    import gc

    gc.collect()
    assert ctypes.string_at(attr.struct.insns, 64) == bytes(range(64))


@pytest.mark.parametrize(
    ("name", "cut"),
    [("hello", b"hello"), ("a b-c", b"a_b_c"), ("x" * 40, b"x" * 15), ("é", b"_"), ("", b"")],
)
def test_object_names_are_valid_for_the_kernel(name, cut):
    assert bpf.obj_name(name) == cut
