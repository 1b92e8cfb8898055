"""Use each type of map as a Python mapping. No test here probes anything."""

import doctest
import errno

import pytest

from rawbpf.asm import Builder, r0
from rawbpf.errors import KernelError, MissingKeyError
from rawbpf.kernel.hardware import possible_cpus
from rawbpf.kernel.version import kernel_version
from rawbpf.maps.map import Map
from rawbpf.programs.program import load
from rawbpf.specs.map_spec import MAP_KINDS, MapSpec
from rawbpf.specs.program_spec import ProgramSpec
from rawbpf.syscall.gate import observed
from rawbpf.uapi.bpf import (
    BPF_EXIST,
    BPF_NOEXIST,
    bpf_cmd,
    bpf_map_flags,
    bpf_map_type,
    bpf_prog_type,
)
from tests.support.markdown import ROOT, blocks

pytestmark = [pytest.mark.no_probe, pytest.mark.usefixtures("memory")]

T = bpf_map_type
NO_PREALLOC = bpf_map_flags.BPF_F_NO_PREALLOC
CPUS = len(possible_cpus())


def make(kind, key=4, value=4, entries=64, inner=None, **more):
    return Map.create(MapSpec("m", kind, key, value, entries, **more), inner=inner)


def commands(act):
    """Return the names of the commands that ``act`` sends to the kernel."""
    seen = []
    with observed(lambda name, words, _: seen.append(bpf_cmd(words[0]).name)):
        act()
    return seen


@pytest.mark.parametrize("kind", [T.BPF_MAP_TYPE_HASH, T.BPF_MAP_TYPE_LRU_HASH])
def test_a_hash(kind):
    # A small LRU map evicts early when its writer moves to another CPU: each CPU has a free list.
    with make(kind, entries=64 if kind is T.BPF_MAP_TYPE_HASH else 4096) as m:
        m[1], m[2], m[3] = 10, 20, 30
        assert (m[1], 2 in m, 4 in m, m.get(4, 0)) == (10, True, False, 0)
        del m[1]
        with pytest.raises(MissingKeyError):
            del m[1]
        m.set(2, 21, BPF_EXIST)
        with pytest.raises(KernelError, match="key 2 already exists"):
            m.set(2, 22, BPF_NOEXIST)
        assert dict(m.items()) == {2: 21, 3: 30}
        assert sorted(m) == [2, 3]
        assert m.pop(2) == 21
        m.update_batch({n: n * n for n in range(4, 30)})
        m.delete_batch(range(4, 20))
        assert dict(m.drain()) == {3: 30, **{n: n * n for n in range(20, 30)}}
        assert list(m) == []


def test_batches_are_used_where_the_kernel_has_them():
    """Hashes have had batches since 5.6. They return the same entries as a walk."""
    with make(T.BPF_MAP_TYPE_HASH, entries=5000) as m:
        m.update_batch({n: n + 1 for n in range(5000)})
        found = {}
        seen = commands(lambda: found.update(m.items()))
        assert set(seen) == {"BPF_MAP_LOOKUP_BATCH"}
        assert 2 <= len(seen) < 10
        assert found == {n: n + 1 for n in range(5000)}
        assert sorted(m) == sorted(found)


def test_an_array():
    with make(T.BPF_MAP_TYPE_ARRAY, value=3, entries=5) as m:
        m[4] = b"end"
        assert dict(m.items()) == {
            0: b"\0\0\0",
            1: b"\0\0\0",
            2: b"\0\0\0",
            3: b"\0\0\0",
            4: b"end",
        }
        with pytest.raises(KernelError, match=r"index 5 is out of range \(max_entries = 5\)"):
            m[5] = b"far"
        with pytest.raises(MissingKeyError):
            m[5]
        with pytest.raises(KernelError, match="maps of type array do not support this operation"):
            del m[4]


@pytest.mark.parametrize("kind", [T.BPF_MAP_TYPE_PERCPU_HASH, T.BPF_MAP_TYPE_PERCPU_ARRAY])
def test_per_cpu_values(kind):
    with make(kind, entries=2) as m:
        m[0] = list(range(CPUS))
        m[1] = 7
        assert dict(m.items()) == {0: list(range(CPUS)), 1: [7] * CPUS}


def test_a_full_map_is_an_error_of_one_line():
    with make(T.BPF_MAP_TYPE_HASH, entries=4, map_flags=NO_PREALLOC) as m:
        with pytest.raises(KernelError, match=r"the map is full \(max_entries = 4\)") as caught:
            m.update_batch({n: n for n in range(6)})
        assert str(caught.value).endswith("; 4 of 6 entries were set")
        with pytest.raises(KernelError, match="full") as caught:
            m[9] = 9
        assert caught.value.errno == errno.E2BIG


def test_a_frozen_map_can_be_read():
    with make(T.BPF_MAP_TYPE_ARRAY) as m:
        m[0] = 5
        m.freeze()
        assert m[0] == 5
        with pytest.raises(KernelError, match="the map is frozen"):
            m[0] = 6


@pytest.mark.parametrize(("kind", "first"), [("QUEUE", 0), ("STACK", 2)])
def test_queues_and_stacks(kind, first):
    with make(T[f"BPF_MAP_TYPE_{kind}"], key=0, entries=3) as m:
        with pytest.raises(MissingKeyError, match="is empty"):
            m.pop()
        for value in range(3):
            m.push(value)
        with pytest.raises(KernelError, match="full"):
            m.push(3)
        assert (m.peek(), m.pop()) == (first, first)
        m.push(8)
        m.push(9, replace=True)
        left = [m.pop() for _ in range(3)]
        assert left == ([2, 8, 9] if kind == "QUEUE" else [9, 8, 1])


def test_the_longest_prefix_wins():
    with make(T.BPF_MAP_TYPE_LPM_TRIE, key=8, map_flags=NO_PREALLOC) as m:
        m["10.0.0.0/8"], m["10.1.0.0/16"] = 1, 2
        assert (m["10.1.2.3"], m["10.2.2.3"]) == (2, 1)
        assert "11.0.0.1" not in m
        assert dict(m.items()) == {(8, bytes([10, 0, 0, 0])): 1, (16, bytes([10, 1, 0, 0])): 2}
        del m["10.1.0.0/16"]
        assert list(m.keys()) == [(8, bytes([10, 0, 0, 0]))]


@pytest.mark.parametrize("kind", [T.BPF_MAP_TYPE_ARRAY_OF_MAPS, T.BPF_MAP_TYPE_HASH_OF_MAPS])
def test_a_map_of_maps_returns_ids(kind):
    with make(T.BPF_MAP_TYPE_ARRAY) as inner, make(kind, inner=inner, entries=4) as outer:
        number = inner.info().id
        outer[1] = inner
        outer[2] = number
        assert dict(outer.items()) == {1: number, 2: number}
        with Map.from_id(outer[1]) as again:
            again[3] = 33
        assert inner[3] == 33
        del outer[1]
        assert 1 not in outer
        with pytest.raises(KernelError, match="no map with ID 4000000"):
            outer[1] = 4_000_000
        with (
            make(T.BPF_MAP_TYPE_HASH) as other,
            pytest.raises(KernelError, match="not a compatible map"),
        ):
            outer[1] = other


def test_a_program_array_returns_ids():
    b = Builder("one")
    b.mov(r0, 1)
    b.exit()
    spec = ProgramSpec("one", bpf_prog_type.BPF_PROG_TYPE_SOCKET_FILTER, b.build())
    with load(spec, {}) as program, make(T.BPF_MAP_TYPE_PROG_ARRAY, entries=4) as m:
        m[2] = program
        assert m[2] == program.info().id
        m[3] = m[2]
        assert sorted(m.items()) == [(2, m[2]), (3, m[2])]
        del m[2]
        assert 2 not in m


def test_a_map_can_be_opened_by_id():
    with make(T.BPF_MAP_TYPE_HASH) as m:
        m[5] = 6
        with Map.from_id(m.info().id) as again:
            assert again.spec == m.spec
            assert again[5] == 6
            assert again.fileno() != m.fileno()


def test_every_type_exists_since_the_kernel_in_the_table():
    """Create the map types that need only sizes. The others need BTF, sockets or devices."""
    sizes = {
        T.BPF_MAP_TYPE_STACK_TRACE: (4, 8 * 127, 8),
        T.BPF_MAP_TYPE_QUEUE: (0, 4, 8),
        T.BPF_MAP_TYPE_STACK: (0, 4, 8),
        T.BPF_MAP_TYPE_BLOOM_FILTER: (0, 4, 8),
        T.BPF_MAP_TYPE_RINGBUF: (0, 0, 4096),
        T.BPF_MAP_TYPE_USER_RINGBUF: (0, 0, 4096),
        T.BPF_MAP_TYPE_LPM_TRIE: (8, 4, 8),
        T.BPF_MAP_TYPE_CGROUP_STORAGE: (8, 4, 0),
        T.BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE: (8, 4, 0),
        T.BPF_MAP_TYPE_INSN_ARRAY: (4, 16, 8),
    }
    odd = {"array_of_maps", "hash_of_maps", "struct_ops", "arena", "xskmap"}
    wrong = []
    for kind, row in MAP_KINDS.items():
        if row.keyed_by or row.word in odd:
            continue
        key, value, entries = sizes.get(kind, (4, 4, 8))
        flags = NO_PREALLOC if kind is T.BPF_MAP_TYPE_LPM_TRIE else bpf_map_flags(0)
        try:
            make(kind, key, value, entries, map_flags=flags).close()
            there = True
        except KernelError:
            there = False
        if there != (tuple(map(int, row.since.split("."))) <= kernel_version()[:2]):
            wrong.append((row.word, there))
    assert wrong == []


def test_the_examples_of_the_maps_page_run():
    page = ROOT / "docs/reference/maps.md"
    (session,) = (block.text for block in blocks(page) if block.language == "pycon")
    parsed = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    said = []
    results = doctest.DocTestRunner().run(parsed, out=said.append)
    assert results.failed == 0, "".join(said)
    assert results.attempted > 10
