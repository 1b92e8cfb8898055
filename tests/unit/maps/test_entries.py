"""Maps as mappings: without batch commands, when full, and while they are changed."""

import errno
from contextlib import contextmanager

import pytest

from rawbpf.errors import KernelError, MissingKeyError, RawbpfError, UsageError
from rawbpf.maps.map import Map
from rawbpf.specs.map_spec import MapSpec
from rawbpf.syscall.fd import Fd
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrBatch
from tests.support.fake_kernel import FakeKernel
from tests.support.fake_map import FakeMap, store

T = bpf_map_type


@contextmanager
def mapped(kernel, kind=T.BPF_MAP_TYPE_HASH, key=4, value=4, **more):
    with replaced(kernel), Map(Fd(1000, "map"), MapSpec("m", kind, key, value, 8, **more)) as one:
        yield one


def test_without_batch_commands_entries_are_read_one_by_one():
    with mapped(FakeMap({1: 10, 2: 20})) as m:
        assert dict(m.items()) == {1: 10, 2: 20}
        assert list(m) == [1, 2]
        assert list(m.values()) == [10, 20]
        m.update_batch({3: 30, 1: 11})
        m.delete_batch([2])
        assert dict(m.drain()) == {1: 11, 3: 30}
        assert list(m) == []


def test_a_missing_key_is_a_key_error_and_a_kernel_error():
    with mapped(FakeMap({1: 10})) as m:
        assert (1 in m, 2 in m) == (True, False)
        assert (m.get(2), m.get(2, 0), m.get(1)) == (None, 0, 10)
        with pytest.raises(KeyError) as caught:
            m[2]
        assert str(caught.value) == "map 'm' has no key 2"
        assert caught.value.errno == errno.ENOENT
        with pytest.raises(MissingKeyError):
            del m[2]
        with pytest.raises(MissingKeyError):
            m.delete_batch([1, 2])


def test_a_full_map_reports_how_many_entries_were_set():
    with mapped(FakeMap(room=3)) as m:
        with pytest.raises(KernelError, match=r"the map is full \(max_entries = 8\)") as caught:
            m.update_batch({n: n for n in range(5)})
        assert caught.value.errno == errno.E2BIG
        assert str(caught.value).endswith("; 3 of 5 entries were set")
        with pytest.raises(KernelError, match="full"):
            m[7] = 1


def test_entries_can_be_deleted_while_iterating():
    with mapped(FakeMap({n: n for n in range(5)})) as m:
        for key in m:
            del m[key]
        assert list(m) == []


def test_endless_iteration_is_an_error():
    fake = FakeMap({1: 1, 2: 2})
    fake.bpf_map_get_next_key = lambda attr: store(attr.value, 1) or 0
    with mapped(fake) as m, pytest.raises(RawbpfError, match="changes faster"):
        list(m)


def test_an_entry_deleted_between_key_and_value_is_skipped():
    fake = FakeMap({1: 1, 2: 2, 3: 3})
    fake.before = lambda name: name == "BPF_MAP_LOOKUP_ELEM" and fake.entries.pop(2, None)
    with mapped(fake) as m:
        assert dict(m.items()) == {1: 1, 3: 3}


@pytest.mark.parametrize(
    ("kind", "key", "number", "said"),
    [
        (T.BPF_MAP_TYPE_ARRAY, 9, errno.E2BIG, "index 9 is out of range"),
        (T.BPF_MAP_TYPE_HASH, 9, errno.EEXIST, "key 9 already exists"),
        (T.BPF_MAP_TYPE_HASH, 9, errno.ENOMEM, "ENOMEM"),
        (
            T.BPF_MAP_TYPE_STACK_TRACE,
            9,
            524,
            "maps of type stack_trace do not support this operation",
        ),
        (T.BPF_MAP_TYPE_PROG_ARRAY, 1, errno.EINVAL, "not a compatible program"),
    ],
)
def test_errors_are_explained_for_the_map_type(kind, key, number, said):
    kernel = FakeKernel(BPF_MAP_UPDATE_ELEM=[-number], BPF_PROG_GET_FD_BY_ID=[1001], close=[0])
    with mapped(kernel, kind) as m, pytest.raises(KernelError, match=said) as caught:
        m[key] = 1
    assert caught.value.errno == number
    assert "\n" not in str(caught.value)


def test_a_read_only_map_names_its_flag():
    flags = {"map_flags": bpf_map_flags.BPF_F_RDONLY}
    kernel = FakeKernel(BPF_MAP_UPDATE_ELEM=[-errno.EPERM])
    with mapped(kernel, **flags) as m, pytest.raises(KernelError, match="BPF_F_RDONLY"):
        m[1] = 1


def test_a_large_bucket_is_read_with_a_larger_buffer():
    rooms = []

    def answer(_cmd, address, _size):
        attr = BpfAttrBatch.from_address(address)
        rooms.append(attr.count)
        if attr.count < 20:
            return -errno.ENOSPC
        attr.count = 1
        store(attr.keys, 5)
        store(attr.values, 6)
        return -errno.ENOENT

    with mapped(FakeKernel(BPF_MAP_LOOKUP_BATCH=[answer])) as m:
        assert list(m.items()) == [(5, 6)]
    assert rooms == [8, 16, 32]


def test_queues_have_no_keys_and_hashes_have():
    with mapped(FakeKernel(), T.BPF_MAP_TYPE_QUEUE, 0) as m:
        for use in (lambda: m[1], lambda: 1 in m, lambda: m.set(1, 2)):
            with pytest.raises(UsageError, match="push, pop and peek"):
                use()
    with mapped(FakeKernel()) as m:
        for use in (lambda: m.push(1), m.peek, m.pop):
            with pytest.raises(UsageError, match="maps of type hash have keys"):
                use()


def test_an_inner_map_given_by_its_id_is_open_while_it_is_set():
    kernel = FakeKernel(BPF_MAP_GET_FD_BY_ID=[1234], BPF_MAP_UPDATE_ELEM=[0])
    with mapped(kernel, T.BPF_MAP_TYPE_HASH_OF_MAPS) as m:
        m[1] = 77
        assert kernel.closed == [1234]
    assert kernel.names() == ["BPF_MAP_GET_FD_BY_ID", "BPF_MAP_UPDATE_ELEM"]
