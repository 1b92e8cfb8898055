"""Initial map entries."""

import pytest

from rawbpf.errors import MachineError
from rawbpf.machine.inputs import World
from rawbpf.machine.settings import Entry, Settings
from tests.support.assembled import spec_of

SPEC = spec_of("""
    .map config, array, key=u32, value=u64, entries=2
    .map names, hash, key=4, value=3, entries=2
    .map line, queue, value=u16, entries=1
    .map jumps, prog_array, entries=1
    .map counts, percpu_array, key=u32, value=u32, entries=1
    .program main, "kprobe"
        r2 = jumps ll
        r3 = 0
        call tail_call
        r0 = 1
        exit
    .program other, "kprobe"
        r0 = 2
        exit
""")


def started(*entries, **options):
    return Settings(SPEC, "main", entries=entries, **options).start()


def test_entries():
    machine = started(
        Entry("config", 1, -5),
        Entry("names", b"abcd", b"xyz"),
        Entry("line", b"", 7),
        Entry("jumps", 0, "other"),
    )
    entries = {map_.spec.name: list(map_.entries()) for map_ in machine.maps}
    assert entries["config"] == [(b"\1\0\0\0", (b"\xfb" + b"\xff" * 7,))]
    assert entries["names"] == [(b"abcd", (b"xyz",))]
    assert entries["line"] == [(b"", (b"\7\0",))]
    assert entries["jumps"] == [(b"\0\0\0\0", (b"other",))]
    assert machine.run() == 2


def test_entries_of_per_cpu_maps_belong_to_the_current_cpu():
    machine = started(Entry("counts", 0, 9), world=World(cpu=1))
    ((_, values),) = machine.maps["counts"].entries()
    assert values == (bytes(4), b"\t\0\0\0")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (Entry("nothing", 0, 0), "refers to map 'nothing': the map is not defined"),
        (Entry("config", 1 << 32, 0), "does not fit into a key of 4 bytes"),
        (Entry("config", 0, 1 << 64), "does not fit into a value of 8 bytes"),
        (Entry("config", 2, 0), "E2BIG"),
        (Entry("names", 1, b"toolong"), "invalid value b'toolong': a value must be 3 bytes long"),
        (Entry("names", 1, "name"), "invalid value 'name'"),
        (
            Entry("jumps", 0, "nobody"),
            "cannot put 'nobody' into 'jumps': the value does not name a program",
        ),
        (Entry("jumps", 1, "other"), "the map has 1 slots"),
        (Entry("jumps", b"\0\0\0\0", "other"), "the value does not name a program"),
    ],
)
def test_invalid_entries(entry, why):
    with pytest.raises(MachineError, match=why):
        started(entry)
