"""Histograms of power-of-two slots."""

from rawbpf.output.histogram import histogram


def test_slot_0_also_counts_0_and_the_highest_slot_ends_at_16e():
    assert [line[:24].split() for line in histogram([3, *[0] * 63])] == [["[0,", "2)", "3"]]
    (line,) = histogram([0] * 63 + [1])
    assert line.startswith("[8E, 16E)              1 |@")


def test_empty_slots_between_used_slots_are_shown():
    lines = list(histogram([0, 0, 5, 0, 0, 10]))
    assert [line.partition(")")[0] for line in lines] == ["[4, 8", "[8, 16", "[16, 32", "[32, 64"]
    assert [line.count("@") for line in lines] == [26, 0, 0, 52]


def test_nothing_counted_and_nothing_there():
    assert list(histogram([])) == list(histogram([0] * 64)) == []
