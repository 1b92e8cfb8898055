"""The table of map types, and what follows from it."""

import pytest

from rawbpf.maps.raw import create_map, spec_from
from rawbpf.specs.map_spec import MAP_KINDS, MapSpec
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfMapInfo
from tests.support.fake_kernel import FakeKernel

HASH = MapSpec("m", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 4, 8, btf_key_type_id=1, btf_value_type_id=2)


def test_every_type_has_a_row():
    assert set(MAP_KINDS) == set(bpf_map_type) - {bpf_map_type.BPF_MAP_TYPE_UNSPEC}
    assert list(MAP_KINDS) == sorted(MAP_KINDS)


def test_rows_do_not_contradict_themselves():
    for row in MAP_KINDS.values():
        assert not (row.keyless and (row.dense or row.keyed_by)), row.word
        assert not (row.holds and row.per_cpu), row.word
        assert ("PERCPU" in row.type.name) == row.per_cpu, row.word
        assert row.keyless == (row.key == "none"), row.word


def test_a_type_from_the_future_is_shown_with_its_sizes():
    info = BpfMapInfo(type=9999, key_size=4, value_size=8, max_entries=2, name=b"later")
    spec = spec_from(info)
    assert (spec.name, spec.key_size, spec.value_size) == ("later", 4, 8)
    assert spec.kind.since == ""


def created(kernel, spec, **more):
    with replaced(kernel):
        create_map(spec, **more).close()
    return kernel


def test_types_are_told_only_where_the_kernel_takes_them():
    seen = []

    def accept(_cmd, address, size):
        seen.append((BpfAttrMapCreate.from_address(address).btf_fd if size > 48 else 0, size))
        return 20

    kernel = FakeKernel(BPF_MAP_CREATE=[accept])
    created(kernel, HASH, btf_fd=9)
    created(kernel, HASH._replace(map_type=bpf_map_type.BPF_MAP_TYPE_QUEUE), btf_fd=9)
    created(kernel, HASH._replace(btf_value_type_id=0), btf_fd=9)
    assert [fd for fd, _ in seen] == [9, 0, 0]


def test_a_map_that_may_not_have_its_types_is_made_without():
    kernel = created(FakeKernel(BPF_MAP_CREATE=[-22, 21]), HASH, btf_fd=9)
    first, second = (words[2] for _, words in kernel.calls)
    assert first > second
    with pytest.raises(OSError, match="RB-E020"):
        created(FakeKernel(BPF_MAP_CREATE=[-22]), HASH)
