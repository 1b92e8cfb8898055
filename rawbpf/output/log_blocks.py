"""Format log records as lines in blocks, producing the same text as ``LineFormat``."""

from __future__ import annotations

from functools import lru_cache
from time import localtime

from rawbpf.events.log_record import comm_text, level_name
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.output.columns import format_columns, literal
from rawbpf.output.log_columns import Message, Tasks, parts, times
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.events.log_rows import LogRows

__all__ = ["LineBlocks", "clock", "same_second"]

_SECOND = 10**9


class LineBlocks:
    """Formats log records as lines; ``offset_ns`` is the wall-clock time minus ktime_ns.

    A line contains no characters that a terminal would interpret, except the newline.
    """

    def __init__(self, offset_ns: int) -> None:
        self._offset = offset_ns

    def blocks(self, rows: LogRows, head: str = "") -> Iterator[bytes]:
        """Yield a line for each record, starting with ``head``, in blocks of up to BLOCK."""
        tasks, message = _tasks(rows.level), _message(rows.text, rows.args)
        for part in parts(rows.batch):
            nanos = times(part)
            for first, end, second in same_second(nanos, self._offset):
                start = second * _SECOND - self._offset
                some = part.part(first, end)
                micros = [(time - start) // 1000 for time in nanos[first:end]]
                task, fields = tasks.columns(some)
                one = f"{literal(head)}{clock(second)}.%06d{task}{message.text}\n"
                text = format_columns(one, [micros, *fields, *message.columns(some)])
                yield text.encode(errors="backslashreplace")


def clock(second: int) -> str:
    """Return a local time as HH:MM:SS."""
    local = localtime(second)
    return f"{local.tm_hour:02}:{local.tm_min:02}:{local.tm_sec:02}"


def same_second(times: list[int], offset: int) -> Iterator[tuple[int, int, int]]:
    """Divide times, after adding ``offset``, into runs of one second: first, end, second.

    >>> list(same_second([0, 5, 10**9 - 3, 10**9], 3))
    [(0, 2, 0), (2, 4, 1)]
    """
    first = 0
    while first < len(times):
        second = (times[first] + offset) // _SECOND
        start = second * _SECOND - offset
        end, rest = len(times), times[first:] if first else times
        if min(rest) < start or max(rest) >= start + _SECOND:
            end = next(n for n in range(first, end) if not 0 <= times[n] - start < _SECOND)
        yield first, end, second
        first = end


@lru_cache(maxsize=8)
def _tasks(level: int) -> Tasks:
    """Return the part of a line from the level to the process name."""
    one = f" {level_name(level):<5} %3d %7d %7d %s "
    return Tasks(one, lambda comm: f"{printable(comm_text(comm)):<16}")


@lru_cache(maxsize=64)
def _message(text: str, args: int) -> Message:
    return Message(text, args, printable)
