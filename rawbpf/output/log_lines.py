r"""Format log records as lines in columns, and as JSON objects.

>>> from rawbpf.events.log_record import LogRecord
>>> record = LogRecord(3, 1_500_000, 7, 7, 1, "ba\tsh", (), "kprobe triggered!")
>>> print(TITLE)
TIME            LEVEL CPU     PID     TID COMM             MESSAGE
>>> LineFormat(0)(record)[15:]
' info    1       7       7 ba\\tsh           kprobe triggered!'
"""

from __future__ import annotations

from time import localtime
from typing import TYPE_CHECKING

from rawbpf.events.log_record import level_name
from rawbpf.output.text import printable

if TYPE_CHECKING:
    from rawbpf.events.log_record import LogRecord

__all__ = ["TITLE", "LineFormat", "json_event"]

TITLE = f"{'TIME':<15} {'LEVEL':<5} {'CPU':>3} {'PID':>7} {'TID':>7} {'COMM':<16} MESSAGE"

_SECOND = 10**9


class LineFormat:
    """Formats log records; ``offset_ns`` is the difference of real time and CLOCK_MONOTONIC."""

    def __init__(self, offset_ns: int) -> None:
        self._offset = offset_ns
        self._second = -1
        self._clock = ""

    def __call__(self, record: LogRecord) -> str:
        """Return one line without a newline."""
        return (
            f"{self._time(record.ktime_ns)} {level_name(record.level):<5} {record.cpu:>3} "
            f"{record.pid:>7} {record.tid:>7} {printable(record.comm):<16} "
            f"{printable(record.message)}"
        )

    def _time(self, ktime_ns: int) -> str:
        """Return HH:MM:SS.µs, with HH:MM:SS cached: there may be thousands of events per second."""
        second, rest = divmod(ktime_ns + self._offset, _SECOND)
        if second != self._second:
            local = localtime(second)
            self._clock = f"{local.tm_hour:02}:{local.tm_min:02}:{local.tm_sec:02}"
            self._second = second
        return f"{self._clock}.{rest // 1000:06}"


def json_event(record: LogRecord, function: str, offset_ns: int) -> dict[str, object]:
    """Return a JSON object: ``time_ns`` counts from 1970, ``ktime_ns`` from boot."""
    return {
        "time_ns": record.ktime_ns + offset_ns,
        "ktime_ns": record.ktime_ns,
        "level": level_name(record.level),
        "cpu": record.cpu,
        "pid": record.pid,
        "tid": record.tid,
        "comm": record.comm,
        "function": function,
        "message": record.message,
    }
