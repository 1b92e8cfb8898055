"""Creating a map with and without BTF types, and the spec of an existing map."""

import pytest

from rawbpf.maps.raw import create_map, spec_from
from rawbpf.specs.map_spec import MapSpec
from rawbpf.syscall.gate import replaced
from rawbpf.uapi.bpf import bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate, BpfMapInfo
from tests.support.fake_kernel import FakeKernel

HASH = MapSpec("m", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 4, 8, btf_key_type_id=1, btf_value_type_id=2)


def created(kernel, spec, **more):
    with replaced(kernel):
        create_map(spec, **more).close()
    return kernel


def test_a_map_type_newer_than_the_table_keeps_its_sizes():
    info = BpfMapInfo(type=9999, key_size=4, value_size=8, max_entries=2, name=b"later")
    spec = spec_from(info)
    assert (spec.name, spec.key_size, spec.value_size) == ("later", 4, 8)
    assert spec.map_type is bpf_map_type.BPF_MAP_TYPE_UNSPEC


def test_types_are_passed_only_for_map_types_that_accept_them():
    seen = []

    def accept(_cmd, address, size):
        seen.append((BpfAttrMapCreate.from_address(address).btf_fd if size > 48 else 0, size))
        return 20

    kernel = FakeKernel(BPF_MAP_CREATE=[accept])
    created(kernel, HASH, btf_fd=9)
    created(kernel, HASH._replace(map_type=bpf_map_type.BPF_MAP_TYPE_QUEUE), btf_fd=9)
    created(kernel, HASH._replace(btf_value_type_id=0), btf_fd=9)
    assert [fd for fd, _ in seen] == [9, 0, 0]


def test_a_map_whose_types_are_rejected_is_created_without_them():
    kernel = created(FakeKernel(BPF_MAP_CREATE=[-22, 21]), HASH, btf_fd=9)
    first, second = (words[2] for _, words in kernel.calls)
    assert first > second
    with pytest.raises(OSError, match="RB-E020"):
        created(FakeKernel(BPF_MAP_CREATE=[-22]), HASH)
