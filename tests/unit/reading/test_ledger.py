"""The ledger: what it counts, and how it is summarized."""

import errno

from rawbpf.reading.collector import Ledger


def outcomes(sent, **lost):
    counts = [sent, *[0] * 127]
    for name, count in lost.items():
        counts[getattr(errno, name)] = count
    return counts


def test_a_run_without_losses_has_a_short_summary():
    ledger = Ledger(outcomes(12))
    ledger.delivered, ledger.seconds = 12, 4.0
    assert ledger.summary() == "12 events delivered, 0 lost, 3.0 events/s"


def test_losses_are_listed_by_cause():
    ledger = Ledger(outcomes(1, ENOSPC=7, ENOENT=2))
    ledger.delivered = 1
    text = (
        "9 (2 ENOENT: the CPU has no ring because it came online later, 7 ENOSPC: the ring "
        "was full)"
    )
    assert ledger.lost_text() == text
    assert ledger.total_lost == 9


def test_the_summary_names_everything_that_was_not_shown():
    ledger = Ledger(outcomes(10), missed=3)
    ledger.delivered, ledger.damaged, ledger.hidden = 6, 1, 2
    assert ledger.unaccounted == 3
    line = ledger.summary()
    for part in ("3 calls missed", "2 below the log level", "1 damaged", "3 sent but never read"):
        assert part in line


def test_the_summary_says_how_many_calls_the_program_skipped():
    ledger = Ledger()
    ledger.settle(outcomes(0), missed=0, skipped=12)
    assert ledger.skipped == 12
    assert ledger.summary().endswith(", 12 calls by rawbpf itself skipped")


def test_unexpected_errnos_are_counted():
    counts = outcomes(0, EIO=1)
    counts[127] = 4
    assert Ledger(counts).lost_text() == "5 (1 EIO: see errno(3), 4 other errors)"


def test_without_counts_of_the_program_reported_losses_are_counted():
    ledger = Ledger()
    ledger.delivered = 5
    ledger.add_reported(0)
    assert ledger.lost == {}
    ledger.add_reported(2)
    ledger.add_reported(1)
    assert (ledger.total_lost, ledger.sent, ledger.unaccounted) == (3, None, 0)


def test_the_counts_of_the_program_replace_reported_losses():
    ledger = Ledger()
    ledger.add_reported(2)
    ledger.settle(outcomes(1, ENOSPC=3), missed=0)
    assert ledger.lost == {errno.ENOSPC: 3}


def test_the_summary_says_that_rings_grew_or_could_not_grow():
    ledger = Ledger()
    ledger.ring_pages, ledger.not_grown = 256, "EMFILE"
    assert ledger.summary().endswith(", rings grew to 256 pages, rings could not grow: EMFILE")


def test_repr_is_the_summary():
    ledger = Ledger()
    ledger.delivered, ledger.seconds = 4, 2.0
    assert repr(ledger) == f"<Ledger: {ledger.summary()}>"
    assert "4 events delivered" in repr(ledger)
