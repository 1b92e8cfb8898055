"""Log records in batches are the same as log records one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawbpf.errors import FormatError
from rawbpf.events.log_record import LogRecord, decode_log, encode_log, is_log
from rawbpf.events.log_rows import decode_logs, split_logs
from tests.support.log_batches import batch_of
from tests.unit.events.test_log_record import RECORDS


@st.composite
def samples(draw):
    """Samples of one length: log records, damaged ones, and rubbish."""
    kinds = draw(st.lists(RECORDS.map(encode_log), min_size=1, max_size=3))
    size = max(map(len, kinds)) + draw(st.integers(0, 7))
    kinds = [one.ljust(size, b"\0") for one in kinds]
    damaged = bytearray(kinds[0])
    damaged[draw(st.integers(0, 7))] ^= draw(st.integers(1, 255))
    kinds.append(bytes(damaged))
    return draw(st.lists(st.sampled_from(kinds), max_size=60))


@given(samples())
def test_batches_contain_the_same_records_as_a_loop(found):
    wanted, damaged = [], 0
    for one in found:
        try:
            wanted.append(decode_log(one))
        except FormatError:
            damaged += 1
    rows, count = decode_logs(batch_of(found)) if found else ([], 0)
    assert [record for one in rows for record in one] == wanted
    assert count == damaged


def test_records_too_short_for_a_header_are_damaged():
    assert decode_logs(batch_of([bytes(40)] * 3)) == ([], 3)


def logs(count, text="{} of {:x}"):
    return [
        encode_log(LogRecord(3, 10 * n, n, n + 1, 0, f"task{n}", (n, 2**64 - 1), text))
        for n in range(count)
    ]


def test_a_field_is_decoded_for_all_records():
    ((rows,), _) = decode_logs(batch_of(logs(5)))
    assert len(rows) == 5
    assert rows["pid"] == [1, 2, 3, 4, 5]
    assert rows["comm"][3] == b"task3".ljust(16, b"\0")
    assert rows["arg0"] == [0, 1, 2, 3, 4]
    with pytest.raises(KeyError):
        rows["nothing"]


def test_records_are_found_by_number():
    ((rows,), _) = decode_logs(batch_of(logs(5)))
    assert rows[-1] == list(rows)[4]
    assert list(rows[1:3]) == list(rows)[1:3]
    assert rows[1:3]["pid"] == [2, 3]
    assert rows[::-2] == list(rows)[::-2]
    assert list(rows[9:]) == list(rows[3:1]) == []
    with pytest.raises(IndexError):
        rows[5]


def test_tuples_and_the_array_have_all_fields():
    ((rows,), _) = decode_logs(batch_of(logs(300)))
    array = rows.array()
    assert array.dtype.names[:5] == ("length", "level", "arg_count", "text_length", "ktime_ns")
    assert array["arg1"].tolist() == rows["arg1"] == [2**64 - 1] * 300
    assert [row[4] for row in rows.tuples()] == array["ktime_ns"].tolist()
    assert array["comm"][7] == b"task7"


def test_the_array_shares_the_memory_of_the_records():
    ((rows,), _) = decode_logs(batch_of(logs(3)))
    array = np.asarray(rows)
    assert np.shares_memory(array, np.frombuffer(rows.batch.data, "u1"))
    assert not array.flags.writeable


@given(samples(), st.data())
def test_unknown_records_are_divided_as_is_log_says(found, data):
    if not found:
        return
    rubbish = st.binary(min_size=len(found[0]), max_size=len(found[0]))
    found = data.draw(st.permutations([*found, *data.draw(st.lists(rubbish, max_size=3))]))
    got = []
    for are_logs, batch in split_logs(batch_of(found)):
        if are_logs:
            rows, damaged = decode_logs(batch)
            assert not damaged
            got += [record for one in rows for record in one]
        else:
            got += batch.records()
    assert got == [decode_log(one) if is_log(one) else one for one in found]
