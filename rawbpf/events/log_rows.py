"""Decode log records in batches of records with the same level, format and number of arguments.

Each log record specifies the lengths of its own parts, so each record has to be validated. In a
batch, a record is validated by comparing it with the first record: if the first eight bytes and the
format are equal, the result for the first record applies.
"""

from __future__ import annotations

import sys
from copy import copy
from functools import lru_cache
from itertools import groupby
from struct import Struct

from rawbpf.errors import FormatError
from rawbpf.events.layout import Field, Layout
from rawbpf.events.log_record import (
    ARGUMENT,
    LOG,
    NUMBERED,
    LogRecord,
    comm_text,
    decode_log,
    is_log,
)
from rawbpf.events.rows import Rows
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from rawbpf.ring.batch import Batch

__all__ = ["LogRows", "decode_logs", "split_logs"]

_TEXT_LENGTH = Struct("=H")
_SHAPE = LOG.offset("ktime_ns")
"""The fields before the time stamp determine the shape of a record."""


@lru_cache(maxsize=64)
def log_layout(arg_count: int, text_length: int) -> Layout:
    """Return the layout of records with the given number of arguments and format length."""
    args = [Field(f"arg{n}", LOG.size + ARGUMENT * n, "Q") for n in range(arg_count)]
    text_at = LOG.size + ARGUMENT * arg_count
    text = [Field("text", text_at, f"{text_length}s")] if text_length else []
    return Layout(text_at + text_length, [*LOG.fields, *args, *text])


class LogRows(Rows[LogRecord]):
    """Log records that differ only in time, process, CPU and arguments.

    >>> from rawbpf.events.log_record import encode_log
    >>> from rawbpf.ring.batch import Batch
    >>> data = encode_log(LogRecord(3, 1_000, 7, 8, 0, "bash", (2,), "{} files"))
    >>> ((rows,), _) = decode_logs(Batch(data, 0, 64, 0, 64, 1))
    >>> len(rows), rows["pid"], rows[0].message
    (1, [8], '2 files')
    """

    __slots__ = ("args", "first", "level", "text")

    def __init__(self, batch: Batch, first: LogRecord, layout: Layout) -> None:
        super().__init__(batch, layout)
        self.first: LogRecord | None = first
        self.level, self.text, self.args = first.level, first.text, len(first.args)

    def part(self, first: int, end: int) -> Self:
        """Return records ``first`` up to but not including ``end``, without copying."""
        part = copy(self)
        part.batch = self.batch.part(first, end)
        part.first = None if first else self.first
        return part

    def __iter__(self) -> Iterator[LogRecord]:
        # If formats alternate, each batch contains only one record, which has already been decoded.
        if len(self) == 1 and self.first is not None:
            return iter((self.first,))
        return self._records(self.batch)

    def _records(self, batch: Batch) -> Iterator[LogRecord]:
        end = batch.start + batch.count * batch.step
        one = self.layout.struct(batch.lead, batch.step)
        level, text, last = self.level, self.text, 10 + self.args
        for row in one.iter_unpack(memoryview(batch.data)[batch.start : end]):
            yield LogRecord(
                level, row[4], row[5], row[6], row[7], comm_text(row[9]), row[10:last], text
            )


def decode_logs(batch: Batch) -> tuple[list[LogRows], int]:
    """Split log records by shape. Return the batches, and the number of damaged records."""
    found, damaged = [], 0
    while batch.count:
        rows, count = _first_shape(batch)
        if rows is None:
            damaged += count
        else:
            found.append(rows)
        if count == batch.count:
            break
        batch = batch.part(count, batch.count)
    return found, damaged


def _first_shape(batch: Batch) -> tuple[LogRows | None, int]:
    """Return the leading records of one shape and their number, or None if they are damaged."""
    if batch.size < LOG.size:
        return None, batch.count
    at = batch.start + batch.lead
    try:
        first = decode_log(batch.data[at : at + batch.size])
    except FormatError:
        return None, batch.agreeing([(0, _SHAPE)])
    text_length = _TEXT_LENGTH.unpack_from(batch.data, at + LOG.offset("text_length"))[0]
    if text_length >= NUMBERED:
        text_length = 0  # the number of the format is part of the shape
    layout = log_layout(len(first.args), text_length)
    count = batch.agreeing([(0, _SHAPE), (layout.size - text_length, text_length)])
    rows = batch if count == batch.count else batch.part(0, count)
    return LogRows(rows, first, layout), count


def split_logs(batch: Batch) -> Iterator[tuple[bool, Batch]]:
    """Divide records of unknown origin into log records and other records.

    Whether a record is a log record depends on its shape, of which a batch contains only a few, and
    on its reserved field.
    """
    if batch.size < LOG.size:
        yield False, batch
        return
    shapes = batch.column(0, "Q").tolist()
    reserved = batch.column(LOG.offset("reserved"), "I").tolist()
    are_logs = {
        shape: is_log(shape.to_bytes(_SHAPE, sys.byteorder).ljust(batch.size, b"\0"))
        for shape in set(shapes)
    }
    if not any(are_logs.values()):
        yield False, batch
        return
    verdicts = [are_logs[shape] and not rest for shape, rest in zip(shapes, reserved, strict=True)]
    first = 0
    for verdict, run in groupby(verdicts):
        end = first + sum(1 for _ in run)
        yield verdict, batch.part(first, end)
        first = end
