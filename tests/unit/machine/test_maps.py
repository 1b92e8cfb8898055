"""Maps of the interpreter: what tests/kernel does not compare with the kernel."""

import errno

import pytest

from rawbpf.errors import MachineError
from rawbpf.machine.maps.base import OutputRecord, Quota
from rawbpf.machine.maps.table import MAP_TYPES, create
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import BPF_EXIST, BPF_NOEXIST, bpf_map_type
from tests.support.assembled import machine_of

CURRENT_CPU = 0xFFFFFFFF


def made(kind, key=4, value=8, entries=2, *, cpus=2, quota=None, flags=0):
    spec = MapSpec("m", bpf_map_type[f"BPF_MAP_TYPE_{kind}"], key, value, entries, flags)
    return create(spec, quota or Quota(), cpus)


def key(number):
    return number.to_bytes(4, "little")


def test_lru_evicts_the_least_recently_used_key():
    map_ = made("LRU_HASH")
    for number in (1, 2):
        map_.update(key(number), bytes([number] * 8))
    assert map_.lookup(key(1), 0) == bytes([1] * 8)
    assert map_.update(key(3), bytes(8)) == 0
    assert [entry for entry, _ in map_.entries()] == [key(1), key(3)]


def test_per_cpu_lru_has_a_value_for_each_cpu():
    map_ = made("LRU_PERCPU_HASH")
    map_.update(key(1), b"A" * 8, cpu=1)
    assert list(map_.entries()) == [(key(1), (bytes(8), b"A" * 8))]


def test_an_array_uses_memory_only_for_accessed_values():
    map_ = made("ARRAY", entries=1 << 31)
    assert map_.lookup(key((1 << 31) - 1), 0) == bytes(8)
    assert map_.lookup(key(1 << 31), 0) is None
    assert [entry for entry, _ in map_.entries()] == [key((1 << 31) - 1)]


def test_memory_use_is_limited():
    map_ = made("HASH", value=1000, entries=1 << 20, quota=Quota(4000))
    for number in range(3):
        map_.update(key(number), bytes(1000))
    with pytest.raises(
        MachineError, match="cannot store 1004 more bytes: maps and output are limited to 0"
    ):
        map_.update(key(4), bytes(1000))


def test_deleting_frees_memory():
    map_ = made("HASH", value=1000, quota=Quota(2000))
    for _ in range(10):
        assert map_.update(key(1), bytes(1000)) == 0
        assert map_.delete(key(1)) == 0
    queue = made("QUEUE", key=0, value=1000, quota=Quota(2000))
    for _ in range(10):
        assert queue.push(bytes(1000)) == 0
        assert queue.pop() == bytes(1000)


def test_results_of_perf_event_output():
    map_ = made("PERF_EVENT_ARRAY", 4, 4, entries=3)
    assert map_.output(CURRENT_CPU, 1, b"x") == 0
    assert map_.output(1, 1, b"y") == 0
    assert map_.output(0, 1, b"z") == -errno.EOPNOTSUPP
    assert map_.output(2, 1, b"z") == -errno.ENOENT
    assert map_.output(3, 1, b"z") == -errno.E2BIG
    assert map_.output(1 << 32, 1, b"z") == -errno.EINVAL
    assert map_.records == [OutputRecord(1, b"x"), OutputRecord(1, b"y")]
    assert made("PERF_EVENT_ARRAY", 4, 4, entries=0).output(1, 1, b"x") == 0


def test_ring_buffer_records_are_in_the_order_of_reservation():
    ring = made("RINGBUF", 0, 0, entries=4096)
    first, second, third = (ring.reserve(8) for _ in range(3))
    ring.commit(third, 0, b"3")
    ring.commit(first, 1, b"1")
    assert ring.records == [OutputRecord(1, b"1"), OutputRecord(0, b"3")]
    assert second == 16


def test_stack_trace():
    map_ = made("STACK_TRACE", value=16, entries=1)
    assert map_.remember((), 0) == -errno.EFAULT
    assert map_.remember((1, 2, 3), 0) == 0
    assert map_.remember((1, 2, 3), 0) == 0
    assert map_.remember((4,), 0) == -errno.EEXIST
    assert map_.remember((4,), 1 << 10) == 0
    assert list(map_.entries()) == [(key(0), ((4).to_bytes(8, "little"),))]


@pytest.mark.parametrize(
    ("kind", "sizes", "why"),
    [
        ("ARRAY", (8, 8, 1), "array: the key must be 4 bytes long"),
        ("ARRAY", (4, 0, 1), "must not be 0"),
        ("HASH", (0, 8, 1), "must not be 0"),
        ("HASH", (4, 8, 0), "max_entries must not be 0"),
        ("QUEUE", (4, 8, 1), "key_size must be 0"),
        ("STACK", (0, 0, 1), "must not be 0"),
        ("RINGBUF", (0, 0, 4095), "a power of two that is at least 4096"),
        ("RINGBUF", (4, 0, 4096), "key_size and value_size must be 0"),
        ("STACK_TRACE", (4, 12, 1), "value_size must be a multiple of 8"),
        ("PROG_ARRAY", (4, 8, 1), "keys and values must be 4 bytes long"),
        ("HASH", (4, 1 << 30, 1), "too large for the interpreter"),
        ("LPM_TRIE", (8, 8, 1), "the interpreter does not support this type"),
    ],
)
def test_invalid_specs(kind, sizes, why):
    with pytest.raises(MachineError, match=why):
        made(kind, *sizes)


OPERATIONS = {
    "lookup": lambda m: m.lookup(b"", 0),
    "update": lambda m: m.update(b"", b""),
    "delete": lambda m: m.delete(b""),
    "push": lambda m: m.push(b""),
    "pop": lambda m: m.pop(),
    "peek": lambda m: m.peek(),
    "for_each": lambda m: m.all_keys(),
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operations_that_ring_buffers_lack(operation):
    pattern = f"{operation} on map 'm': maps of type ringbuf do not support this operation"
    with pytest.raises(MachineError, match=pattern):
        OPERATIONS[operation](made("RINGBUF", 0, 0, 4096))


def test_every_type_can_be_created_and_shown():
    for kind in MAP_TYPES:
        name = kind.name.removeprefix("BPF_MAP_TYPE_")
        sizes = {"RINGBUF": (0, 0, 4096), "QUEUE": (0, 8, 1), "STACK": (0, 8, 1)}
        map_ = made(name, *sizes.get(name, (4, 4 if "PROG" in name else 8, 1)))
        assert list(map_.entries()) == []
        assert map_.type_name == name.lower()


def test_flags_of_hashes():
    map_ = made("HASH")
    assert map_.update(key(1), bytes(8), BPF_EXIST) == -errno.ENOENT
    assert map_.update(key(1), bytes(8), BPF_NOEXIST) == 0
    assert map_.update(key(1), bytes(8), BPF_NOEXIST) == -errno.EEXIST
    assert map_.update(key(1), bytes(8), 4) == -errno.EINVAL


def test_maps_are_found_by_name():
    with pytest.raises(
        MachineError, match="refers to a map by the number 7: the interpreter needs"
    ):
        machine_of("r1 = map_by_fd(7) ll\n exit")


def test_only_arrays_with_one_entry_have_a_value_address():
    from rawbpf.asm import Builder, r1

    for kind, entries in (("ARRAY", 2), ("HASH", 1)):
        spec = MapSpec("m", bpf_map_type[f"BPF_MAP_TYPE_{kind}"], 4, 8, entries)
        b = Builder("test")
        b.ld_map_value(r1, "m")
        b.exit()
        from rawbpf.machine.machine import Machine

        with pytest.raises(MachineError, match="only arrays with one entry support this"):
            Machine(b.build(), [spec]).run()


REPLACE = """
        *(u32 *)(r10 - 4) = 1
        r6 = {rounds}
again:  r1 = m ll
        r2 = r10
        r2 += -4
        r3 = r2
        r4 = 0
        call map_update_elem
        r1 = m ll
        r2 = r10
        r2 += -4
        call map_lookup_elem
        r6 += -1
        if r6 != 0 goto again
        r0 = 0
        exit
"""


def test_replacing_a_value_in_a_loop_does_not_exhaust_memory(monkeypatch):
    monkeypatch.setattr(Quota.__init__, "__defaults__", (1 << 16,))
    maps = ".map m, hash, key=u32, value=u32, entries=4"
    few = machine_of(REPLACE.format(rounds=100), maps=maps)
    assert [few.run() for _ in range(5)] == [0] * 5  # addresses are valid for one run
    with pytest.raises(MachineError, match="cannot store 256 more bytes"):
        machine_of(REPLACE.format(rounds=1000), maps=maps).run()
