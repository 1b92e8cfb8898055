"""Many records at once: NumPy is loaded by a thread, measured, and used only where it is faster."""

import subprocess
import sys

import pytest

from rawbpf.events.log_record import LogRecord
from rawbpf.output import log_lines
from rawbpf.output.log_array import LineArrays
from rawbpf.output.log_blocks import LineBlocks
from rawbpf.output.log_lines import LogLines
from rawbpf.output.text import LineFormat
from tests.support.log_batches import log_rows
from tests.support.markdown import ROOT

HOUR = 3600 * 10**9


def records(count, *, comm="bash", text="kprobe triggered!", level=3, pid=4321):
    return [
        LogRecord(level, HOUR + 7919 * n, n, pid, n % 300, comm, (), text) for n in range(count)
    ]


def lines(found, offset=0):
    line = LineFormat(offset)
    return "".join(line(record) + "\n" for record in found).encode()


@pytest.mark.parametrize("count", [1, 2, 4095, 4096, 4097])
@pytest.mark.parametrize("offset", [0, 1_764_000_000_123_456_789])
def test_arrays_have_the_lines_of_line_format(count, offset):
    found = records(count)
    arrays = LineArrays(offset, None)  # with plain records, nothing is left to LineBlocks
    assert b"".join(arrays.blocks(log_rows(found))) == lines(found, offset)


@pytest.mark.parametrize(
    "found",
    [
        [*records(9), *records(1, comm="a\tb")],
        [*records(9), *records(1, comm="é")],
        records(9, pid=10**7),
        records(9, pid=2**32 - 1),
        [LogRecord(3, n, 1, 1, 0, "sh", (), "long " * 99) for n in range(9)],
        [*records(1), LogRecord(3, 2**64 - 1, 0, 0, 0, "sh", (), "kprobe triggered!")],
        [*records(1), LogRecord(3, 0, 0, 0, 1000, "", (), "kprobe triggered!")],
    ],
)
def test_what_does_not_fit_into_arrays_is_left_to_blocks(found):
    arrays = LineArrays(0, LineBlocks(0))
    assert b"".join(arrays.blocks(log_rows(found))) == lines(found)
    with pytest.raises(AttributeError):
        list(LineArrays(0, None).blocks(log_rows(found)))


@pytest.mark.parametrize("numpy_wins", [True, False])
def test_the_faster_way_is_chosen_once(numpy_wins, monkeypatch):
    measured = []

    def seconds(one, rows):
        measured.append(len(rows))
        return float(isinstance(one, LineArrays) != numpy_wins)

    monkeypatch.setattr(log_lines, "_seconds", seconds)
    formatter, found = LogLines(0), records(5000)
    assert b"".join(formatter.blocks(log_rows(found))) == lines(found)
    formatter._loading.join()
    assert measured == []
    for _ in range(2):
        assert b"".join(formatter.blocks(log_rows(found))) == lines(found)
    assert measured == [4096] * 4
    assert isinstance(formatter._large, LineArrays) == numpy_wins


HELPERS = """
from rawbpf.output.log_lines import LogLines
from tests.support.log_batches import log_rows
from rawbpf.events.log_record import LogRecord
from rawbpf.output.text import LineFormat

def records(count):
    return [LogRecord(3, 7919 * n, n, n, 0, "sh", (), "hi") for n in range(count)]

def lines(found):
    return "".join(LineFormat(0)(one) + "\\n" for one in found).encode()
"""

WITHOUT = (
    """
import sys
sys.modules["numpy"] = None
"""
    + HELPERS
    + """
formatter, found = LogLines(0), records(3000)
for _ in range(3):
    assert b"".join(formatter.blocks(log_rows(found))) == lines(found)
    formatter._loading.join()
"""
)

FEW = (
    HELPERS
    + """
import sys
formatter = LogLines(0)
list(formatter.blocks(log_rows(records(900))))
assert formatter._loading is None and "numpy" not in sys.modules
"""
)


@pytest.mark.parametrize("code", [WITHOUT, FEW])
def test_numpy_is_neither_needed_nor_imported_for_few_records(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
