"""Provoke each rule for maps that cannot be created; the explanation must name the rule."""

import pytest

from rawbpf.errors import KernelError
from rawbpf.kernel.version import kernel_version
from rawbpf.maps.map import Map
from rawbpf.refusals.explain import explain, explained_error
from rawbpf.refusals.rules.map_sizes import smallest, wants_more
from rawbpf.specs.map_spec import MapSpec
from rawbpf.syscall import bpf
from rawbpf.uapi.bpf import bpf_map_flags, bpf_map_type
from rawbpf.uapi.bpf_attr import BpfAttrMapCreate
from rawbpf.uapi.map_sizes import SIZES
from tests.support.refusals import map_refusal, note

pytestmark = [pytest.mark.no_probe, pytest.mark.usefixtures("memory")]

M, F = bpf_map_type, bpf_map_flags
VERSION = kernel_version()


# For each map: its attributes, the rule, and the field whose change fixes it.
MAPS = {
    "no such type": (MapSpec("m", 777, 4, 8, 1), "RB-E020", None),
    "array: key": (MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 8, 8, 1), "RB-E021", "key_size"),
    "hash: no key": (MapSpec("m", M.BPF_MAP_TYPE_HASH, 0, 8, 1), "RB-E021", "key_size"),
    "queue: a key": (MapSpec("m", M.BPF_MAP_TYPE_QUEUE, 4, 8, 1), "RB-E021", "key_size"),
    "trie: key": (
        MapSpec("m", M.BPF_MAP_TYPE_LPM_TRIE, 4, 8, 1, F.BPF_F_NO_PREALLOC), "RB-E021", "key_size",
    ),
    "array: no value": (MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 0, 1), "RB-E022", "value_size"),
    "programs: value": (MapSpec("m", M.BPF_MAP_TYPE_PROG_ARRAY, 4, 8, 1), "RB-E022", "value_size"),
    "stacks: value": (MapSpec("m", M.BPF_MAP_TYPE_STACK_TRACE, 4, 12, 1), "RB-E022", "value_size"),
    "per CPU: value": (
        MapSpec("m", M.BPF_MAP_TYPE_PERCPU_ARRAY, 4, 40_000, 1), "RB-E022", "value_size",
    ),
    "ring: 5000": (MapSpec("m", M.BPF_MAP_TYPE_RINGBUF, 0, 0, 5000), "RB-E023", "max_entries"),
    "ring: 3 pages": (MapSpec("m", M.BPF_MAP_TYPE_RINGBUF, 0, 0, 12288), "RB-E023", "max_entries"),
    "array: nothing": (MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 8, 0), "RB-E023", "max_entries"),
    "cgroup: entries": (
        MapSpec("m", M.BPF_MAP_TYPE_CGROUP_STORAGE, 16, 8, 1), "RB-E023", "max_entries",
    ),
    "trie: flag": (MapSpec("m", M.BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1), "RB-E024", "map_flags"),
    "array: flag": (
        MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 8, 1, F.BPF_F_NO_PREALLOC), "RB-E024", "map_flags",
    ),
    "lru: flag": (
        MapSpec("m", M.BPF_MAP_TYPE_LRU_HASH, 4, 8, 1, F.BPF_F_NO_PREALLOC), "RB-E024", "map_flags",
    ),
    "read and write only": (
        MapSpec("m", M.BPF_MAP_TYPE_HASH, 4, 8, 1, F.BPF_F_RDONLY | F.BPF_F_WRONLY), "RB-E024",
        "map_flags",
    ),
    "trie: key and flag": (
        MapSpec("m", M.BPF_MAP_TYPE_LPM_TRIE, 4, 8, 1), "RB-E021", "key_size map_flags",
    ),
    "ring: all of it": (
        MapSpec("m", M.BPF_MAP_TYPE_RINGBUF, 4, 8, 100), "RB-E021",
        "key_size value_size max_entries",
    ),
    "array: extra": (
        MapSpec("m", M.BPF_MAP_TYPE_ARRAY, 4, 8, 1, map_extra=1), "RB-E028", "map_extra",
    ),
    "hash: NUMA": (
        MapSpec("m", M.BPF_MAP_TYPE_HASH, 4, 8, 1, F.BPF_F_NUMA_NODE, numa_node=9999), "RB-E028",
        "numa_node",
    ),
    "no inner": (MapSpec("m", M.BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1), "RB-E025", None),
    "entries": (MapSpec("m", M.BPF_MAP_TYPE_HASH, 4, 8, 0xFFFFFFFF), "RB-E026", "max_entries"),
    "value": (MapSpec("m", M.BPF_MAP_TYPE_HASH, 4, 1 << 26, 1), "RB-E026", None),
    "storage: types": (
        MapSpec("m", M.BPF_MAP_TYPE_SK_STORAGE, 4, 8, 0, F.BPF_F_NO_PREALLOC), "RB-E027", None,
    ),
    "struct_ops": (MapSpec("m", M.BPF_MAP_TYPE_STRUCT_OPS, 4, 8, 1), "RB-E027", None),
}  # fmt: skip


def changed(found):
    """Return the names of the fields that a patch changes."""
    return [line.split()[1] for line in found.patch if line.startswith("+")]


@pytest.mark.parametrize(("spec", "code", "field"), MAPS.values(), ids=MAPS)
def test_maps(spec, code, field):
    found = map_refusal(spec)
    if spec.map_extra and VERSION < (5, 16):
        code = "RB-E015"  # this kernel lacks the field for every map type
    assert found.code == code, found.sentence
    if field is not None:
        assert changed(found) == field.split()
        assert found.trial.accepted


def test_further_errors_are_reported_too():
    found = map_refusal(MapSpec("m", M.BPF_MAP_TYPE_ARRAY_OF_MAPS, 8, 8, 1))
    assert changed(found) == ["key_size", "value_size"]
    assert [one.text[:12] for one in found.evidence] == ["in addition,", "in addition,"]
    assert "needs an inner map" in found.evidence[1].text
    assert not found.trial.accepted


def test_inner_maps():
    array, of_maps = M.BPF_MAP_TYPE_ARRAY, M.BPF_MAP_TYPE_ARRAY_OF_MAPS
    outer = MapSpec("o", of_maps, 4, 4, 1)
    with (
        Map.create(MapSpec("p", M.BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1)) as programs,
        Map.create(MapSpec("i", array, 4, 4, 1)) as inner,
        Map.create(outer, inner=inner) as nested,
    ):
        assert "a map of maps cannot contain" in map_refusal(outer, inner=programs).sentence
        assert map_refusal(outer, inner=nested).code == "RB-E025"
    with pytest.raises(KernelError) as caught:
        bpf.map_create(BpfAttrMapCreate(of_maps, 4, 4, 1, inner_map_fd=999))
    assert (
        "not an open file descriptor"
        in note(explained_error("cannot create map 'o'", caught.value)).sentence
    )


def exists(spec):
    """Return whether a map can be created. If not, assert that the kernel lacks its type."""
    try:
        Map.create(spec).close()
    except KernelError as error:
        return error.explanation.code != "RB-E020"
    return True


def test_the_sizes_are_those_of_this_kernel():
    """Each type accepts the largest sizes in the table, and rejects one byte more."""
    for kind, sizes in SIZES.items():
        key = sizes.key[0] if sizes.key else 8
        value = sizes.value[0] if sizes.value else 8
        spec = MapSpec("m", kind, key, value, smallest(kind), sizes.need)
        if wants_more(kind) or not exists(spec):
            continue
        if sizes.key and kind is not M.BPF_MAP_TYPE_CGROUP_STORAGE:
            assert map_refusal(spec._replace(key_size=key + 1)).code == "RB-E021", kind
        if sizes.value:
            assert map_refusal(spec._replace(value_size=value + 1)).code == "RB-E022", kind


def test_a_field_of_a_later_kernel():
    """Each tested kernel except the newest lacks one of these fields."""
    fields = {"map_extra": 7, "value_type_btf_obj_fd": 3}
    since = {"map_extra": (5, 16), "value_type_btf_obj_fd": (6, 9)}
    for name, value in fields.items():
        struct = BpfAttrMapCreate(M.BPF_MAP_TYPE_ARRAY, 4, 8, 1, **{name: value})
        try:
            bpf.map_create(struct).close()
        except KernelError as error:
            found = explained_error("cannot create map 'm'", error)
            if since[name] > VERSION:
                assert note(found).code == "RB-E015"
                assert found.explanation.trial.accepted
            else:
                assert found.explanation.code != "RB-E015"
        else:
            assert since[name] <= VERSION


def test_an_unknown_error_is_reported_as_unknown():
    struct = BpfAttrMapCreate(M.BPF_MAP_TYPE_HASH, 4, 8, 1, btf_fd=999, btf_value_type_id=1)
    with pytest.raises(KernelError) as caught:
        bpf.map_create(struct).close()
    found = explain(caught.value)
    assert found.code == ""
    assert "EBADF" in found.sentence
    assert "btf_fd=999" in found.call
