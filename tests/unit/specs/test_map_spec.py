"""The table of map types."""

from rawbpf.specs.map_spec import MAP_KINDS, map_kind
from rawbpf.uapi.bpf import bpf_map_type


def test_every_map_type_has_a_row():
    assert set(MAP_KINDS) == set(bpf_map_type) - {bpf_map_type.BPF_MAP_TYPE_UNSPEC}
    assert list(MAP_KINDS) == sorted(MAP_KINDS)


def test_the_properties_of_a_row_are_consistent():
    for row in MAP_KINDS.values():
        assert not (row.keyless and (row.dense or row.keyed_by)), row.word
        assert not (row.holds and row.per_cpu), row.word
        assert ("PERCPU" in row.type.name) == row.per_cpu, row.word
        assert row.keyless == (row.key == "none"), row.word


def test_an_unknown_type_has_default_properties():
    assert map_kind(9999).since == ""
    assert not map_kind(9999).per_cpu
