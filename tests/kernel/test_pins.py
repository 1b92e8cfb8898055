"""Names in the BPF file system, which has to be mounted: in guests it is."""

import errno
import os
from pathlib import Path

import pytest

from rawbpf.errors import KernelError, UsageError
from rawbpf.kernel.memlock import raise_memlock_if_needed
from rawbpf.kernel.pins import make_folder, unpin
from rawbpf.maps.map import Map
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_type

BPFFS = Path("/sys/fs/bpf")
HASH = MapSpec("kept", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 4, 8)


@pytest.fixture
def place():
    raise_memlock_if_needed()
    path = BPFFS / f"test_{os.getpid()}"
    yield path
    if path.exists():
        unpin(path)


def test_a_pinned_map_outlives_its_descriptor(place):
    with Map.create(HASH) as m:
        m[1] = 11
        m.pin(place)
        number = m.info().id
    with Map.from_pin(place) as again:
        assert (again.info().id, again[1], again.spec) == (number, 11, HASH)
    unpin(place)
    with pytest.raises(KernelError, match=f"cannot open {place}: there is no {place}") as caught:
        Map.from_pin(place)
    assert caught.value.errno == errno.ENOENT


def test_bad_paths_are_one_clear_line_each(place, tmp_path):
    with Map.create(HASH) as m:
        m.pin(place)
        for path, said in (
            (place, "something is there already; take another name"),
            (tmp_path / "x", "it is not on a BPF file system; choose a path under /sys/fs/bpf"),
            (BPFFS / "no_folder" / "x", "there is no /sys/fs/bpf/no_folder"),
            (BPFFS / "a.b", "names in the BPF file system cannot have dots"),
        ):
            with pytest.raises(KernelError) as caught:
                m.pin(path)
            assert str(caught.value).startswith(f"cannot pin map 'kept' at {path}: {said}")
    with pytest.raises(KernelError, match="it is not on a BPF file system"):
        Map.from_pin("/etc/hostname" if Path("/etc/hostname").exists() else "/init")
    with pytest.raises(KernelError, match="cannot unpin /sys/fs/bpf/none: there is no"):
        unpin(BPFFS / "none")
    with pytest.raises(KernelError, match="there is no /sys/fs/bpf/none"):
        make_folder(BPFFS / "none" / "below")


def test_what_is_pinned_must_be_what_is_asked_for(place):
    from rawbpf.kernel.pins import open_pinned

    with Map.create(HASH) as m:
        m.pin(place)
        with pytest.raises(UsageError, match="is a map, not a prog"):
            open_pinned(place, "prog")
