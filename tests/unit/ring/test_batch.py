"""Batches: the same records, columns and runs as a loop over the records finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.ring.batch import Batch, matching


@st.composite
def batches(draw):
    """A batch whose records often agree, and the records."""
    size, lead = draw(st.integers(1, 40)), draw(st.sampled_from([0, 8, 12]))
    step = -(-(lead + size) // 8) * 8
    kinds = draw(st.lists(st.binary(min_size=step, max_size=step), min_size=1, max_size=2))
    chosen = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=300))
    before = draw(st.integers(0, 3)) * 8
    data = bytes(before) + b"".join(chosen)
    records = [record[lead : lead + size] for record in chosen]
    return Batch(data, before, step, lead, size, len(records)), records


@given(batches(), st.data())
def test_records_and_parts_are_slices_of_the_bytes(one, data):
    batch, records = one
    assert batch.records() == records
    first = data.draw(st.integers(0, len(records)))
    end = data.draw(st.integers(first, len(records)))
    assert batch.part(first, end).records() == records[first:end]
    numbers = data.draw(st.lists(st.integers(0, len(records) - 1), max_size=9))
    assert batch.pick(numbers).records() == [records[number] for number in numbers]


@given(batches(), st.sampled_from([(1, "B"), (2, "H"), (4, "I"), (8, "Q")]), st.data())
def test_a_column_has_the_same_number_of_each_record(one, kind, data):
    batch, records = one
    width, code = kind
    if batch.size >= width:
        at = data.draw(st.integers(0, batch.size - width))
        numbers = [int.from_bytes(record[at : at + width], "little") for record in records]
        assert batch.column(at, code).tolist() == numbers


@given(batches(), st.data())
def test_agreeing_counts_like_a_loop(one, data):
    batch, records = one
    at = data.draw(st.integers(0, batch.size - 1))
    size = data.draw(st.integers(0, batch.size - at))
    alike = [record[at : at + size] == records[0][at : at + size] for record in records]
    assert batch.agreeing([(at, size)]) == [*alike, False].index(False)


@pytest.mark.parametrize("different", [0, 1, 15, 16, 17, 143, 144, 5000, 9999])
def test_the_first_different_item_is_found(different):
    items = bytearray(b"same" * 10_000)
    items[4 * different + 3] ^= 1
    assert matching(memoryview(items).cast("I"), b"same") == different
    assert matching(memoryview(b"same" * different).cast("I"), b"same") == different
