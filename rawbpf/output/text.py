r"""Escape untrusted text before printing it, and format tables and log records.

A process may set its name to escape sequences that clear a terminal or change its title
(prctl(PR_SET_NAME) accepts any bytes), and the kernel passes on such names. Such sequences are
therefore escaped before untrusted text is displayed.

>>> printable(b"evil\x1b[2J"), printable("tab\there"), printable(b"\xff")
('evil\\x1b[2J', 'tab\\there', '\\xff')

Log records are formatted as lines in columns or as JSON objects:

>>> from rawbpf.events.log_record import LogRecord
>>> record = LogRecord(3, 1_500_000, 7, 7, 1, "ba\tsh", (), "kprobe triggered!")
>>> print(TITLE)
TIME            LEVEL CPU     PID     TID COMM             MESSAGE
>>> LineFormat(0)(record)[15:]
' info    1       7       7 ba\\tsh           kprobe triggered!'
"""

from __future__ import annotations

from time import localtime

from rawbpf.events.log_record import level_name
from rawbpf.light_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from rawbpf.events.log_record import LogRecord

__all__ = [
    "TITLE",
    "LineFormat",
    "for_terminal",
    "json_event",
    "letters",
    "printable",
    "table",
]


_PLAIN = bytes([*b"\t\n", *range(0x20, 0x7F)])


def for_terminal(text: str, colored: bool = False) -> str:
    r"""Return text from any source in printable form; newlines and tabs are kept.

    All output from commands passes through this function. With ``colored``, color sequences are
    kept, so any untrusted text must already be escaped.

    >>> for_terminal("one\n\ttwo\x1b[2J\u202e")
    'one\n\ttwo\\x1b[2J\\u202e'
    """
    # Dumps are long, and this method is six times as fast as the other one; for single lines, it
    # makes no difference.
    if text.isascii() and not text.encode().translate(None, _PLAIN):
        return text
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    if colored:
        import re  # imported only for colors

        parts = re.split(r"(\x1b\[[0-9]{1,2}m)", text)
        parts[::2] = map(for_terminal, parts[::2])
        return "".join(parts)
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def printable(data: bytes | str) -> str:
    r"""Return a single line without control characters.

    Bytes that are not UTF-8 become ``\xNN``.
    """
    text = data.decode(errors="surrogateescape") if isinstance(data, bytes) else data
    if text.isprintable():
        return text
    # unicode_escape would also escape printable letters beyond Latin-1.
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    """Return the escape sequence for a character, or for the byte that a surrogate represents."""
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) & 0xFF:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode()


def letters(data: bytes) -> str:
    r"""Return one character per byte, as in a hex dump, with dots in place of unprintable bytes.

    >>> letters(b"ping\0\xff")
    'ping..'
    """
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)


def table(
    heads: Sequence[str], rows: Iterable[Sequence[object]], right: Collection[str] = ()
) -> Iterator[str]:
    """Format a header line, and a line for each row, with a dash in place of None.

    ``right`` lists the headings of right-aligned columns, such as numbers.

    >>> rows = [["hits", 4], ["forks_by_pid", None]]
    >>> for line in table(["NAME", "SIZE"], rows, right={"SIZE"}):
    ...     print(line)
    NAME          SIZE
    hits             4
    forks_by_pid     -
    """
    cells = [list(heads), *([_cell(value) for value in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        yield "  ".join(
            cell.rjust(width) if head in right else cell.ljust(width)
            for head, cell, width in zip(heads, row, widths, strict=True)
        ).rstrip()


def _cell(value: object) -> str:
    return "-" if value is None else printable(str(value))


TITLE = f"{'TIME':<15} {'LEVEL':<5} {'CPU':>3} {'PID':>7} {'TID':>7} {'COMM':<16} MESSAGE"

_SECOND = 10**9


class LineFormat:
    """Formats log records.

    ``offset_ns`` is the wall-clock time minus CLOCK_MONOTONIC.
    """

    def __init__(self, offset_ns: int) -> None:
        self._offset = offset_ns
        self._second: int | None = None
        self._clock = ""

    def __call__(self, record: LogRecord) -> str:
        """Format a record as one line without a newline."""
        return (
            f"{self._time(record.ktime_ns)} {level_name(record.level):<5} {record.cpu:>3} "
            f"{record.pid:>7} {record.tid:>7} {printable(record.comm):<16} "
            f"{printable(record.message)}"
        )

    def _time(self, ktime_ns: int) -> str:
        """Return HH:MM:SS.µs.

        The text of HH:MM:SS is cached because there may be thousands of events per second.
        """
        second, rest = divmod(ktime_ns + self._offset, _SECOND)
        if second != self._second:
            local = localtime(second)
            self._clock = f"{local.tm_hour:02}:{local.tm_min:02}:{local.tm_sec:02}"
            self._second = second
        return f"{self._clock}.{rest // 1000:06}"


def json_event(record: LogRecord, function: str, offset_ns: int) -> dict[str, object]:
    """Return a JSON object; ``time_ns`` counts from 1970, and ``ktime_ns`` from boot."""
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
