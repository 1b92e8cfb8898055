"""Guessing the struct type of a record."""

import pytest

from rawbpf.btf.btf import Btf
from rawbpf.btf.encode import BtfBuilder
from rawbpf.errors import UsageError
from rawbpf.events.typed import guess_type, named_type, reachable


@pytest.fixture
def types():
    b = BtfBuilder()
    u32, char = b.add_int("unsigned int", 4), b.add_int("char", 1, signed=True)
    b.add_struct("key", 8, [("pid", u32, 0), ("tid", u32, 32)])
    b.add_struct("exec_event", 12, [("pid", u32, 0), ("args", b.add_array(char, 8, u32), 32)])
    b.add_struct("four", 4, [("one", u32, 0)])
    b.add_struct("also_four", 4, [("one", u32, 0)])
    return Btf(b.encode())


def test_the_only_struct_of_a_size_is_guessed(types):
    assert guess_type(types, 12).name == "exec_event"
    assert guess_type(types, 8).name == "exec_event"  # the event without its end, not the key
    assert guess_type(types, 13) is None


def test_a_perf_ring_may_append_seven_bytes(types):
    event = guess_type(types, 16, padded=True)
    assert event.decode(bytes([7, 0, 0, 0]) + b"ls\0\0\0\0\0\0" + b"junk") == {
        "pid": 7,
        "args": b"ls",
    }
    assert guess_type(types, 16) is None


def test_an_event_may_end_after_its_used_part(types):
    assert guess_type(types, 7).decode(bytes([9, 0, 0, 0]) + b"id\0") == {"pid": 9, "args": b"id"}


def test_types_of_the_kernel_are_not_candidates(types):
    foreign = {types.find_id("exec_event")}
    assert guess_type(types, 12, foreign=foreign) is None


def test_a_type_is_found_by_name(types):
    assert named_type(types, "struct key").decode(bytes(8)) == {"pid": 0, "tid": 0}
    with pytest.raises(UsageError, match="did you mean exec_event"):
        named_type(types, "exec_evnt")


def test_types_that_kernel_types_refer_to_are_not_candidates():
    b = BtfBuilder()
    u32 = b.add_int("unsigned int", 4)
    perf_event = b.add_struct("perf_event", 64, [("state", u32, 0)])
    function = b.add_func_proto(0, [("event", b.add_ptr(perf_event))])
    task = b.add_struct("task_struct", 16, [("hook", b.add_ptr(function), 0)])
    event = b.add_struct("event", 40, [("pid", u32, 0)])
    types = Btf(b.encode())
    kernels = reachable(types, [task])
    assert perf_event in kernels
    assert event not in kernels
    assert guess_type(types, 30) is None  # it could be the start of either struct
    assert guess_type(types, 30, foreign=kernels).name == "event"
