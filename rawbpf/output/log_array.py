"""Format log records as lines with NumPy, in an array of bytes with one row per line.

All lines in a block have the same width, so that each field occupies fixed columns. Numbers are
divided by 1,000, and the digits of each part are taken from a table as four bytes, which one
operation stores in every line. ``LineBlocks`` formats the remaining blocks, in which a process name
has to be escaped, a number is too wide for its column, or a message has arguments.

NumPy is an optional dependency. Only ``output.log_lines`` imports this module, when there are
enough records to justify it.
"""

from __future__ import annotations

import numpy as np

from rawbpf.events.log_record import LOG, format_log, level_name
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.output.log_blocks import clock
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from rawbpf.events.log_rows import LogRows
    from rawbpf.output.log_blocks import LineBlocks
    from rawbpf.ring.batch import Batch

__all__ = ["LineArrays"]

_BLOCK = 4096

_LONGEST = 256
"""The length in bytes of the longest line. Blocks of longer lines would need too much memory."""

_SECOND = 10**9
_COMM = LOG.offset("comm")
_COMM_SIZE = 16
_SPACE, _LAST = ord(" "), ord("~")

_FIELDS = len(f" {0:3} {0:7} {0:7} ") + _COMM_SIZE + 1
"""The columns of the fields after the level."""

_ENDS = {"cpu": 10**3, "pid": 10**7, "tid": 10**7}
"""Numbers above this limit do not fit into their columns."""


def _table(texts: Iterable[str]) -> Any:  # noqa: ANN401 -- an array
    """Return four-character texts as four-byte numbers."""
    return np.frombuffer("".join(texts).encode(), np.uint32)


_LOW = _table([*(f"{n:3} " for n in range(1000)), *(f"{n:03} " for n in range(1000))])
"""The last three digits of a number followed by a space.

Numbers below 1,000 are not padded with zeros."""

_HIGH = _table([" " * 4, *(f"{n:4}" for n in range(1, 10_000))])
"""The digits of a number except its last three, of which there are at most four."""


class LineArrays:
    """Formats log records; ``plain`` formats the records that do not fit into columns."""

    def __init__(self, offset_ns: int, plain: LineBlocks) -> None:
        self._offset, self._plain = offset_ns, plain
        self._empty: tuple[bytes, Any] = b"", None

    def blocks(self, rows: LogRows, head: str = "") -> Iterator[bytes]:
        """Yield a line for each record, starting with ``head``, in blocks of up to 4,096."""
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
        """Return the lines of a block, or None if a record does not fit into the columns."""
        fields = rows.array()
        second, micros = _within_second(fields["ktime_ns"], self._offset)
        if second is None or any(int(fields[name].max()) >= end for name, end in _ENDS.items()):
            return None
        comms = _comms(rows.batch)
        if comms is None:
            return None
        start = _encoded(f"{head}{clock(second)}.")
        level = f" {level_name(rows.level):<5}"
        message = printable(format_log(rows.text, ()))
        line = start + _encoded(f"{'':6}{level}{'':{_FIELDS}}{message}\n")
        if len(line) > _LONGEST:
            return None
        lines = self._lines(line)[: len(rows)]
        _put_micros(lines, len(start), micros)
        at = len(start) + 6 + len(level) + 1
        _words(lines, at)[:] = _LOW[fields["cpu"]]
        _put_number(lines, at + 4, fields["pid"])
        _put_number(lines, at + 12, fields["tid"])
        lines[:, at + 20 : at + 20 + _COMM_SIZE] = comms
        data: bytes = lines.tobytes()
        return data

    def _lines(self, line: bytes) -> Any:  # noqa: ANN401 -- an array
        """Return an array of identical lines. The caller overwrites every field of the lines."""
        known, lines = self._empty
        if known != line:
            lines = np.empty((_BLOCK, len(line)), np.uint8)
            lines[:] = np.frombuffer(line, np.uint8)
            self._empty = line, lines
        return lines


def _encoded(text: str) -> bytes:
    return text.encode(errors="backslashreplace")


def _within_second(times: Any, offset: int) -> tuple[int | None, Any]:  # noqa: ANN401 -- an array
    """Return the second and the microseconds of all times, or None if the second changes."""
    low, high = int(times.min()), int(times.max())
    second = (low + offset) // _SECOND
    start = second * _SECOND - offset
    if high >= start + _SECOND:
        return None, None
    # Differences from the lowest time fit into 32 bits, which makes division faster.
    nanos = (times - np.uint64(low)).astype(np.uint32)
    return second, (nanos + np.uint32(low - start)) // np.uint32(1000)


def _comms(batch: Batch) -> Any:  # noqa: ANN401 -- an array
    """Return the names padded with spaces, or None if a name is not plain text up to its NUL."""
    at = batch.start + batch.lead + _COMM
    shape, strides = (batch.count, _COMM_SIZE), (batch.step, 1)
    names = np.ndarray(shape, np.uint8, batch.data, at, strides).copy()
    ends = names == 0
    if (ends[:, :-1] > ends[:, 1:]).any():
        return None  # the first NUL may be followed by bytes from an earlier name
    names[ends] = _SPACE
    return names if names.min() >= _SPACE and names.max() <= _LAST else None


def _words(lines: Any, at: int) -> Any:  # noqa: ANN401 -- arrays
    """Return the four bytes at column ``at`` of each line as one number."""
    return np.ndarray((len(lines),), np.uint32, lines, at, (lines.shape[1],))


def _put_micros(lines: Any, at: int, micros: Any) -> None:  # noqa: ANN401 -- arrays
    """Write six digits and a space, as %06d does."""
    high = micros // np.uint32(1000)
    _words(lines, at)[:] = _LOW[high + np.uint32(1000)]  # this space is overwritten later
    _words(lines, at + 3)[:] = _LOW[micros - high * np.uint32(1000) + np.uint32(1000)]


def _put_number(lines: Any, at: int, numbers: Any) -> None:  # noqa: ANN401 -- arrays
    """Write a right-aligned number in seven columns, followed by a space."""
    high = numbers // np.uint32(1000)
    low = numbers - high * np.uint32(1000)
    low[high > 0] += np.uint32(1000)
    _words(lines, at)[:] = _HIGH[high]
    _words(lines, at + 4)[:] = _LOW[low]
