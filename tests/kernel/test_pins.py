"""Pin objects in bpffs, which is mounted in guests."""

import errno
import os
from pathlib import Path

import pytest

from rawbpf.cli.main import main
from rawbpf.collection.collection import Collection
from rawbpf.collection.object_source import read_object
from rawbpf.errors import KernelError, UsageError, VerifierError
from rawbpf.kernel.pins import make_folder, open_pinned, unpin
from rawbpf.kernel.version import raise_memlock_if_needed
from rawbpf.links.dispatch import attach
from rawbpf.links.link import Link
from rawbpf.maps.map import Map
from rawbpf.programs.program import KernelProgram
from rawbpf.specs.map_spec import MapSpec
from rawbpf.specs.program_spec import probe_of
from rawbpf.uapi.bpf import bpf_map_type
from tests.support.bpf_objects import CLANGS, built

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
    with pytest.raises(KernelError, match=f"cannot open {place}: {place} does not exist") as caught:
        Map.from_pin(place)
    assert caught.value.errno == errno.ENOENT


def test_each_bad_path_is_an_error_of_one_line(place, tmp_path):
    with Map.create(HASH) as m:
        m.pin(place)
        for path, said in (
            (place, "the path exists; choose another path"),
            (
                tmp_path / "x",
                "the path is not on a BPF file system; choose a path under /sys/fs/bpf",
            ),
            (BPFFS / "no_folder" / "x", "/sys/fs/bpf/no_folder does not exist"),
            (BPFFS / "a.b", "names in a BPF file system cannot contain dots"),
        ):
            with pytest.raises(KernelError) as caught:
                m.pin(path)
            assert str(caught.value).startswith(f"cannot pin map 'kept' at {path}: {said}")
    with pytest.raises(KernelError, match="the path is not on a BPF file system"):
        Map.from_pin("/etc/hostname" if Path("/etc/hostname").exists() else "/init")
    with pytest.raises(KernelError, match="cannot open /sys/fs/bpf: the path is a folder"):
        Map.from_pin("/sys/fs/bpf")
    with pytest.raises(
        KernelError, match="cannot unpin /sys/fs/bpf/none: /sys/fs/bpf/none does not exist"
    ):
        unpin(BPFFS / "none")
    with pytest.raises(KernelError, match="/sys/fs/bpf/none does not exist"):
        make_folder(BPFFS / "none" / "below")


def test_a_pin_of_another_kind_is_an_error(place):
    with Map.create(HASH) as m:
        m.pin(place)
        with pytest.raises(UsageError, match="is a map, not a prog"):
            open_pinned(place, "prog")


@pytest.fixture
def folder():
    path = BPFFS / f"folder_{os.getpid()}"
    yield path
    if path.exists():
        for below in (*path.glob("maps/*"), *path.iterdir()):
            unpin(below) if below.is_file() else below.rmdir()
        path.rmdir()


PACKETS = built("packets", CLANGS[-1])


def test_load_pins_everything(folder, capsys):
    assert main(["load", str(PACKETS), "--pin", str(folder)]) == 0
    assert f"pinned under {folder}: 5 programs, 1 map\n" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == [
        "at_cgroup_in", "at_cgroup_out", "at_socket", "at_tc", "at_xdp", "maps"
    ]  # fmt: skip
    with (
        KernelProgram.from_pin(folder / "at_xdp") as program,
        Map.from_pin(folder / "maps" / "traffic") as traffic,
    ):
        assert program.info().map_ids == (traffic.info().id,)
        program.test_run(bytes(64))
        assert sum(int.from_bytes(one[:8], "little") for one in traffic[0]) == 1


def test_an_object_is_pinned_and_unpinned(folder, kernel):
    with Collection(read_object(PACKETS), kernel) as obj:
        obj.load()
        obj.pin(str(folder))
        (folder / "maps" / "traffic").rename(folder / "maps" / "kept")
        with pytest.raises(KernelError, match="cannot unpin"):
            obj.unpin(str(folder))
        (folder / "maps" / "kept").rename(folder / "maps" / "traffic")
        obj.unpin(str(folder))
        assert not folder.exists()
        assert obj.programs["at_tc"].test_run(bytes(64)).retval == 0xFFFFFFFF  # TC_ACT_UNSPEC


def test_a_failed_pin_undoes_the_others(folder, capsys):
    folder.mkdir()
    (folder / "maps").mkdir()
    with Map.create(HASH) as one:
        one.pin(folder / "maps" / "traffic")
    assert main(["load", str(PACKETS), "--pin", str(folder)]) == 1
    said = capsys.readouterr().err
    assert f"cannot pin map 'traffic' at {folder}/maps/traffic: the path exists" in said
    assert [path.name for path in folder.iterdir()] == ["maps"]
    assert [path.name for path in (folder / "maps").iterdir()] == ["traffic"]
    assert main(["load", str(PACKETS), "--pin", "/nowhere/here"]) == 1
    assert "cannot create folder /nowhere/here: /nowhere does not exist" in capsys.readouterr().err


def shared(kernel, **changes):
    """Return an object with a map pinned by name, with changes."""
    spec = read_object(built("map_in_map", CLANGS[-1]))
    runs = spec.maps["rawbpf_runs"]._replace(**changes)
    return Collection(spec._replace(maps={**spec.maps, "rawbpf_runs": runs}), kernel)


def test_a_map_that_is_pinned_by_name_is_shared(kernel):
    pinned = BPFFS / "rawbpf_runs"
    if pinned.exists():
        unpin(pinned)
    with shared(kernel) as first, shared(kernel) as second:
        first.load()
        second.load()
        for one in (first, second):
            one.programs["count"].test_run(bytes(60))
        assert first.maps["rawbpf_runs"][0] == second.maps["rawbpf_runs"][0] == 2
    said = "the pinned map's max_entries is 1, but the object declares 2; remove the pinned map"
    with shared(kernel, max_entries=2) as other, pytest.raises(UsageError, match=said):
        other.load()
    unpin(pinned)


def test_the_first_of_two_processes_pins_the_map_for_both(kernel, monkeypatch):
    """Another process loads the object just after this one has looked for the pin."""
    with shared(kernel) as one, shared(kernel) as other:

        def look(*_nothing_is_there_yet):
            monkeypatch.undo()
            other.load()

        monkeypatch.setattr("rawbpf.collection.pins.reuse", look)
        one.load()
        assert one.maps["rawbpf_runs"].info().id == other.maps["rawbpf_runs"].info().id
    unpin(BPFFS / "rawbpf_runs")


def test_a_failed_load_removes_its_pins(kernel):
    with shared(kernel) as one:
        program = one.spec.programs["count"]
        bare = program.code._replace(instructions=program.code.instructions[:-1])
        broken = program._replace(code=bare)
        one.spec = one.spec._replace(programs={"count": broken})
        with pytest.raises(VerifierError):
            one.load()
    assert not (BPFFS / "rawbpf_runs").exists()


def test_a_pinned_link_stays_attached(place, kernel):
    with Collection(read_object(PACKETS), kernel) as obj:
        obj.keep(["at_xdp"])
        obj.load()
        program = obj.programs["at_xdp"]
        with attach(program, probe_of(program.spec, "lo")) as link:
            info = link.info()
            link.pin(place)
    with Link.from_pin(place) as again:
        assert again.info() == info
    with KernelProgram.from_id(info.prog_id) as program:  # the link keeps the program loaded
        assert program.info().name == "at_xdp"
    unpin(place)
