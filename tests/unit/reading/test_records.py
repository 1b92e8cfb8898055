"""Records of any map: where they came from, and what was lost on the way."""

from rawbpf.reading.ledger import Ledger
from rawbpf.reading.perf_reader import Drained
from rawbpf.reading.records import Record, Records
from rawbpf.ring.perf_ring import Contents as Parsed


class Rings:
    """A reader of rings that hold these."""

    def __init__(self, *passes):
        self._passes = list(passes)

    def filenos(self):
        return [7]

    def drain(self):
        return self._passes.pop(0) if self._passes else []


def drained(cpu, *samples, lost=0, damage=None, fill=0.0):
    return Drained(cpu, Parsed(list(samples), lost, 0, damage), fill)


def test_records_carry_their_map_and_cpu_and_losses_are_counted():
    ledger = Ledger()
    perf = Rings([drained(0, b"a", b"b", lost=2), drained(1, b"c", fill=0.9)], [])
    source = Records({"samples": perf, "events": Rings([drained(-1, b"d")])}, ledger)
    assert source.filenos() == [7, 7]
    assert source.collect() == [
        Record("samples", 0, b"a"),
        Record("samples", 0, b"b"),
        Record("samples", 1, b"c"),
        Record("events", -1, b"d"),
    ]
    assert source.crowded
    assert source.collect_all() == []
    assert not source.crowded
    ledger.settle_reported(source.lost)
    assert (ledger.delivered, ledger.total_lost, ledger.unaccounted) == (4, 2, 0)


def test_damage_is_counted():
    ledger = Ledger()
    Records({"samples": Rings([drained(0, damage="a record of 0 bytes")])}, ledger).collect()
    assert ledger.damaged == 1
