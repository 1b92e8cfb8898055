"""Ordering records of several rings: a stable sort, and nothing lost."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rawbpf.reading.order import Taken, ordered
from rawbpf.ring.batch import Batch

TIME = st.integers(0, 40)
AT = 8


def record(time, number, size):
    return number.to_bytes(8, "little") + time.to_bytes(8, "little")[: size - 8].ljust(size - 8)


@st.composite
def rings(draw):
    """Batches of records with a number and a time. The shortest records have no time."""
    found, number = [], 0
    for cpu in range(draw(st.integers(0, 5))):
        size = draw(st.sampled_from([12, 16, 16, 32]))
        times = draw(st.lists(TIME, min_size=1, max_size=20))
        if draw(st.booleans()):
            times.sort()
        data = b""
        for time in times:
            data += bytes(8) + record(time, number, size).ljust(-(-size // 8) * 8)
            number += 1
        found.append(
            Taken("events", cpu, Batch(data, 0, len(data) // len(times), 8, size, len(times)))
        )
    return found


def flat(found):
    return [one.data for taken in found for one in taken]


def time_of(data):
    return int.from_bytes(data[AT : AT + 8], "little") if len(data) >= AT + 8 else 0


@given(rings(), TIME)
def test_records_are_sorted_and_divided_at_the_horizon(found, horizon):
    ready, held, newest = ordered(found, AT, horizon)
    wanted = sorted(flat(found), key=time_of)
    assert flat(ready) + flat(held) == wanted
    assert flat(ready) == [one for one in wanted if time_of(one) <= horizon]
    assert newest == max(map(time_of, wanted), default=0)


@given(rings())
def test_records_stay_together_as_long_as_their_size_is_the_same(found):
    ready, _, _ = ordered(found, AT, 1 << 64)
    if ready != found:
        sizes = [one.batch.size for one in ready]
        assert all(a != b for a, b in pairwise(sizes))


def test_records_of_one_busy_ring_are_not_copied():
    data = b"".join(bytes(8) + record(time, 0, 16) for time in range(9))
    busy = Taken("events", 0, Batch(data, 0, 24, 8, 16, 9))
    ready, held, _ = ordered([busy], AT, 100)
    assert ready == [busy]
    assert held == []
