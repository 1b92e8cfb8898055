"""Ordering records of several rings: a stable sort, and nothing lost."""

import pytest
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
        times *= draw(st.sampled_from([1, 1, 20]))  # one CPU may send most records
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
    assert sorted(flat(held)) == sorted(one for one in wanted if time_of(one) > horizon)
    assert flat(ready) == [one for one in wanted if time_of(one) <= horizon]
    assert newest == max(map(time_of, wanted), default=0)


def ring(cpu, times):
    data = b"".join(bytes(8) + record(time, 0, 16) for time in times)
    return Taken("events", cpu, Batch(data, 0, 24, 8, 16, len(times)))


@pytest.mark.parametrize("times", [range(1, 400, 2), range(1, 400, 90)])
def test_records_of_two_cpus_become_one_batch(times):
    (ready,), held, _ = ordered([ring(0, range(0, 400, 2)), ring(1, times)], AT, 1000)
    assert [time_of(one.data) for one in ready] == sorted([*range(0, 400, 2), *times])
    assert ready.cpu == -1
    assert held == []


def test_records_of_one_busy_ring_are_not_copied():
    busy = ring(0, range(9))
    (ready,), (held,), newest = ordered([busy], AT, 5)
    assert (len(ready), len(held), newest) == (6, 3, 8)
    assert ready.batch.data is held.batch.data is busy.batch.data
