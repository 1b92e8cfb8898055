"""Tristate numbers: known and unknown bits."""

from hypothesis import given
from hypothesis import strategies as st

from rawbpf.verifier.value import UNKNOWN, Tnum


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 300))
def test_at_least_is_the_smallest_member_that_is_not_below(mask, bits, number):
    tnum = Tnum(bits & ~mask, mask)
    members = [one for one in range(512) if one in tnum]
    assert (min(members), max(members)) == (tnum.lowest, tnum.highest)
    assert tnum.at_least(number) == min((one for one in members if one >= number), default=None)


def test_an_unknown_number_contains_every_number():
    assert UNKNOWN.at_least(7) == 7
    assert (1 << 64) - 1 in UNKNOWN
    assert "7" not in UNKNOWN
