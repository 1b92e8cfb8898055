"""Format log records as JSON objects, either one by one or in blocks, with the same result."""

from __future__ import annotations

from functools import lru_cache
from json import dumps

from rawbpf.events.log_record import comm_text, level_name
from rawbpf.events.log_rows import LogRows
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.output.columns import format_columns, literal
from rawbpf.output.log_columns import Message, Tasks, parts, times
from rawbpf.output.text import json_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.events.log_record import LogRecord

__all__ = ["LogObjects"]

_FEW = 8
"""Smaller batches are formatted one record at a time, which is faster for them."""


class LogObjects:
    """Formats log records as JSON objects, in the same way as ``json_event`` and ``json.dumps``.

    ``function`` is the traced function. If ``function`` is empty, the objects have no member of
    this name.
    """

    def __init__(self, offset_ns: int, function: str | None) -> None:
        self._offset, self._function = offset_ns, function

    def blocks(self, rows: Sequence[LogRecord], head: str = "", tail: str = "") -> Iterator[bytes]:
        """Yield a line with an object for each record, in blocks of up to BLOCK records.

        ``head`` and ``tail`` are the parts of the line before and after the object.
        """
        if len(rows) < _FEW or not isinstance(rows, LogRows):
            lines = [f"{head}{dumps(self._object(record))}{tail}\n" for record in rows]
            yield "".join(lines).encode()
            return
        tasks, offset = _tasks(rows.level, self._function), self._offset
        message = _message(rows.text, rows.args)
        before = f'{literal(head)}{{"time_ns": %d, "ktime_ns": %d, '
        after = f'"{message.text}"}}{literal(tail)}\n'
        for part in parts(rows.batch):
            nanos = times(part)
            real = [time + offset for time in nanos]
            task, fields = tasks.columns(part)
            columns = [real, nanos, *fields, *message.columns(part)]
            yield format_columns(before + task + after, columns).encode()

    def _object(self, record: LogRecord) -> dict[str, object]:
        event = json_event(record, self._function or "", self._offset)
        if self._function is None:
            del event["function"]
        return event


@lru_cache(maxsize=8)
def _tasks(level: int, function: str | None) -> Tasks:
    """Return an object's members from the level to the function, and the message's name."""
    one = f'"level": "{level_name(level)}", "cpu": %d, "pid": %d, "tid": %d, "comm": %s, '
    if function is not None:
        one += literal(f'"function": {dumps(function)}, ')
    return Tasks(one + '"message": ', lambda comm: dumps(comm_text(comm)))


@lru_cache(maxsize=64)
def _message(text: str, args: int) -> Message:
    return Message(text, args, lambda part: dumps(part)[1:-1])
