"""Format log records as lines with NumPy: a block is an array of bytes with a row for each line.

All lines of a block have the same width, so a field is a range of columns, and one division of an
array yields one digit of every number. ``LineBlocks`` formats the blocks that do not fit: those
with a process name that has to be escaped, a number too wide for its column, or a message with
arguments.

NumPy need not be installed. Only ``output.log_lines`` imports this module, when it is worth it.
"""

from __future__ import annotations

import numpy as np

from rawbpf.events.log_record import LOG, format_log, level_name
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.output.log_blocks import clock
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from rawbpf.events.log_rows import LogRows
    from rawbpf.output.log_blocks import LineBlocks
    from rawbpf.ring.batch import Batch

__all__ = ["LineArrays"]

_BLOCK = 4096
_SECOND = 10**9
_COMM = LOG.offset("comm")
_COMM_SIZE = 16
_DIGITS = {"cpu": 3, "pid": 7, "tid": 7}
_SPACE, _ZERO, _LAST = ord(" "), ord("0"), ord("~")


class LineArrays:
    """Formats log records like ``plain``, which formats what does not fit into columns."""

    def __init__(self, offset_ns: int, plain: LineBlocks) -> None:
        self._offset, self._plain = offset_ns, plain

    def blocks(self, rows: LogRows, head: str = "") -> Iterator[bytes]:
        """Yield a line for each record, each after ``head``, in blocks of up to 4,096 records."""
        if rows.args:
            yield from self._plain.blocks(rows, head)
            return
        for first in range(0, len(rows), _BLOCK):
            part = rows.part(first, min(first + _BLOCK, len(rows)))
            block = self._block(part, head)
            if block is None:
                yield from self._plain.blocks(part, head)
            else:
                yield block

    def _block(self, rows: LogRows, head: str) -> bytes | None:
        """Return the lines of a block, or None if a record does not fit."""
        fields = rows.array()
        second, micros = _within_second(fields["ktime_ns"], self._offset)
        if second is None or any(int(fields[n].max()) >= 10**w for n, w in _DIGITS.items()):
            return None
        comms = _comms(rows.batch)
        if comms is None:
            return None
        lines, at = _lines(rows, f"{head}{clock(second)}.")
        _put(lines[:, at : at + 6], micros, _ZERO)
        at += 6 + len(f" {level_name(rows.level):<5}")
        for name, width in _DIGITS.items():
            _put(lines[:, at + 1 : at + 1 + width], fields[name], _SPACE)
            at += 1 + width
        lines[:, at + 1 : at + 1 + _COMM_SIZE] = comms
        data: bytes = lines.tobytes()
        return data


def _lines(rows: LogRows, start: str) -> tuple[Any, int]:
    """Return lines without their fields, and the column of the microseconds."""
    blank = " " * (sum(_DIGITS.values()) + len(_DIGITS) + 1 + _COMM_SIZE + 1)
    message = printable(format_log(rows.text, ()))
    line = f"{start}000000 {level_name(rows.level):<5}{blank}{message}\n"
    data = np.frombuffer(line.encode(errors="backslashreplace"), np.uint8)
    lines = np.empty((len(rows), len(data)), np.uint8)
    lines[:] = data
    return lines, len(start.encode(errors="backslashreplace"))


def _within_second(times: Any, offset: int) -> tuple[int | None, Any]:  # noqa: ANN401 -- an array
    """Return the second and the microseconds of all times, or None if the second changes."""
    low, high = int(times.min()), int(times.max())
    second = (low + offset) // _SECOND
    start = second * _SECOND - offset
    if high >= start + _SECOND:
        return None, None
    # From the lowest time on, the numbers fit into 32 bits, whose division is faster.
    nanos = (times - np.uint64(low)).astype(np.uint32)
    return second, (nanos + np.uint32(low - start)) // np.uint32(1000)


def _comms(batch: Batch) -> Any:  # noqa: ANN401 -- an array
    """Return the names padded with spaces, or None if one is not plain text up to its NULs."""
    at = batch.start + batch.lead + _COMM
    shape, strides = (batch.count, _COMM_SIZE), (batch.step, 1)
    names = np.ndarray(shape, np.uint8, batch.data, at, strides).copy()
    ends = names == 0
    if (ends[:, :-1] > ends[:, 1:]).any():
        return None  # bytes of an earlier name follow the first NUL
    names[ends] = _SPACE
    return names if names.min() >= _SPACE and names.max() <= _LAST else None


def _put(columns: Any, numbers: Any, fill: int) -> None:  # noqa: ANN401 -- arrays
    """Write numbers right-aligned; ``fill`` replaces leading zeros."""
    rest = numbers.astype(np.uint32)
    last = columns.shape[1] - 1
    for column in range(last, -1, -1):
        tens = rest // np.uint32(10)
        digits = (rest - tens * np.uint32(10) + np.uint32(_ZERO)).astype(np.uint8)
        if fill != _ZERO and column != last:
            digits[rest == 0] = fill
        columns[:, column] = digits
        rest = tens
