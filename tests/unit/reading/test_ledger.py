"""The account."""

import errno

from rawbpf.reading.ledger import Ledger


def outcomes(sent, **lost):
    counts = [sent, *[0] * 127]
    for name, count in lost.items():
        counts[getattr(errno, name)] = count
    return counts


def test_a_clean_run_has_a_short_line():
    ledger = Ledger(outcomes(12))
    ledger.delivered, ledger.seconds = 12, 4.0
    assert ledger.summary() == "12 events delivered, 0 lost, 3.0 events/s"


def test_losses_are_told_by_cause():
    ledger = Ledger(outcomes(1, ENOSPC=7, ENOENT=2))
    ledger.delivered = 1
    text = "9 (2 ENOENT: a CPU without a ring: it came online later, 7 ENOSPC: the ring was full)"
    assert ledger.lost_text() == text
    assert ledger.total_lost == 9


def test_nothing_disappears_without_a_word():
    ledger = Ledger(outcomes(10), missed=3)
    ledger.delivered, ledger.damaged, ledger.hidden = 6, 1, 2
    assert ledger.unaccounted == 3
    line = ledger.summary()
    for part in ("3 calls missed", "2 below the log level", "1 damaged", "3 sent but never read"):
        assert part in line


def test_an_errno_that_nobody_knows_is_still_counted():
    counts = outcomes(0)
    counts[127] = 4
    assert "4 (EKEYEXPIRED: see errno(3))" in Ledger(counts).summary()
