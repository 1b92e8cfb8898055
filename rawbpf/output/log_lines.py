"""Format log records as lines, with the method that is fastest for their number.

    a few     │ one by one, as an idle tool prints them
    more      │ in blocks
    many      │ in blocks, or as NumPy arrays if these are faster on this machine

NumPy formats large batches twice as fast as the interpreter. However, importing NumPy takes 0.13 s
and 25 MB, and emulated CPUs, whose vector instructions are slow, format records faster without
NumPy. NumPy is therefore imported by a separate thread once many records arrive at the same time,
while the current thread continues. After the import, both methods format the same records, and the
faster method formats all later records.
"""

from __future__ import annotations

from contextlib import suppress
from threading import Thread
from time import thread_time

from rawbpf.events.log_rows import LogRows
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.output.log_blocks import LineBlocks
from rawbpf.output.text import LineFormat

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.events.log_record import LogRecord
    from rawbpf.output.log_array import LineArrays

__all__ = ["LogLines"]

_FEW = 8
"""Smaller batches are formatted one record at a time, which is faster for them.

If formats alternate, for example, each batch contains only one record."""

_MANY = 1000
"""The smallest batch for which NumPy is considered.

For smaller batches, NumPy costs more time than it saves."""

_MEASURED = 4096
"""The maximum number of records that are formatted with both methods."""


class LogLines:
    """Formats log records as lines.

    ``offset_ns`` is the wall-clock time minus ktime_ns.
    """

    def __init__(self, offset_ns: int) -> None:
        self._offset = offset_ns
        self._line = LineFormat(offset_ns)
        self._plain = LineBlocks(offset_ns)
        self._large: LineBlocks | LineArrays = self._plain
        self._loading: Thread | None = None
        self._loaded: LineArrays | None = None

    def blocks(self, rows: Sequence[LogRecord], head: str = "") -> Iterator[bytes]:
        """Yield a line for each record, starting with ``head``, in blocks."""
        if len(rows) < _FEW or not isinstance(rows, LogRows):
            lines = "".join([f"{head}{self._line(record)}\n" for record in rows])
            yield lines.encode(errors="backslashreplace")
        elif len(rows) < _MANY or rows.args:
            yield from self._plain.blocks(rows, head)
        else:
            self._consider_numpy(rows)
            yield from self._large.blocks(rows, head)

    def _consider_numpy(self, rows: LogRows) -> None:
        if self._loading is None:
            # The thread is not a daemon, because Python must not exit in the middle of an import.
            self._loading = Thread(target=self._load, name="numpy")
            self._loading.start()
        elif self._loaded is not None:
            arrays, self._loaded = self._loaded, None
            self._large = _faster(self._plain, arrays, rows.part(0, min(len(rows), _MEASURED)))

    def _load(self) -> None:
        """Import NumPy, if installed, so that it can be measured with the next large batch."""
        # NumPy raises RuntimeError if it was built for a newer CPU.
        with suppress(ImportError, RuntimeError):
            from rawbpf.output.log_array import LineArrays

            self._loaded = LineArrays(self._offset, self._plain)


def _faster(plain: LineBlocks, arrays: LineArrays, rows: LogRows) -> LineBlocks | LineArrays:
    """Return the formatter that is faster for the given records.

    The first of the two runs only fills the caches.
    """
    seconds = [(_seconds(plain, rows), _seconds(arrays, rows)) for _ in range(2)]
    with_python, with_numpy = map(min, zip(*seconds, strict=True))
    return arrays if with_numpy < with_python else plain


def _seconds(one: LineBlocks | LineArrays, rows: LogRows) -> float:
    began = thread_time()
    for _block in one.blocks(rows):
        pass
    return thread_time() - began
