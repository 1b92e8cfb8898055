"""The fields of log records as columns, from which blocks of records are formatted.

Two techniques make it fast to format a block. A few processes send most records, so the text from
the CPU to the process name is formatted once for each process and CPU, and cached. The time and the
arguments are formatted for all records of a block in one operation.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct

from rawbpf.events.log_record import ARGUMENT, LOG, split_format
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.output.columns import BLOCK, Cache, literal, spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from rawbpf.ring.batch import Batch

__all__ = ["Message", "Tasks", "parts", "times"]

_TASK, _TASK_SIZE = LOG.offset("tid"), LOG.size - LOG.offset("tid")
"""The fields from tid to comm, which identify the process and CPU that sent the record."""

_task = Struct("=IIII16s")
_CPU_PID_TID = (LOG.offset("cpu"), LOG.offset("pid"), LOG.offset("tid"))
_COMM_SIZE = 16

_SAMPLE = 64
"""The number of records that are examined to determine whether a few tasks send most records."""


def times(batch: Batch) -> list[int]:
    """Return the time of each record."""
    found: list[int] = batch.column(LOG.offset("ktime_ns"), "Q").tolist()
    return found


def parts(batch: Batch) -> Iterator[Batch]:
    """Divide a batch into blocks."""
    for span in spans(batch.count, batch.size):
        yield batch.part(*span)


def _keys(batch: Batch) -> Sequence[bytes]:
    """Return the fields of each record that identify the task that sent the record."""
    if batch.count == BLOCK:
        keys: tuple[bytes, ...] = _block_of_keys(batch.lead, batch.step).unpack_from(
            batch.data, batch.start
        )
        return keys
    return batch.slices(_TASK, _TASK_SIZE)


@lru_cache(maxsize=8)
def _block_of_keys(lead: int, step: int) -> Struct:
    before, after = lead + _TASK, step - lead - _TASK - _TASK_SIZE
    return Struct(f"{before}x{_TASK_SIZE}s{after}x" * BLOCK)


class Tasks:
    """The text of the fields that identify a task, formatted as ``one`` % (cpu, pid, tid, comm)."""

    def __init__(self, one: str, show_comm: Callable[[bytes], str]) -> None:
        self._one, self._comms, self._texts = one, Cache(show_comm), Cache(self._text)

    def _text(self, key: bytes) -> str:
        tid, pid, cpu, _, comm = _task.unpack(key)
        return self._one % (cpu, pid, tid, self._comms[comm])

    def columns(self, batch: Batch) -> tuple[str, list[Sequence[Any]]]:
        """Return a %-format and its columns."""
        keys = _keys(batch)
        if len(set(keys[:_SAMPLE])) <= _SAMPLE // 2:
            return "%s", [[self._texts[key] for key in keys]]
        # Most tasks are new, so caching their text would not save time.
        numbers = [batch.column(at, "I").tolist() for at in _CPU_PID_TID]
        return self._one, [*numbers, [self._comms[key[-_COMM_SIZE:]] for key in keys]]


_HOLES = {
    "": ("%d", "Q"),
    "u": ("%d", "Q"),
    "d": ("%d", "q"),
    "x": ("%x", "Q"),
    "X": ("%X", "Q"),
    "p": ("%#x", "Q"),
    "ipv4": ("%d.%d.%d.%d", "BBBB"),
}
"""The format of an argument, keyed by its letter, and the column types that it accepts."""


class Message:
    """The message as a %-format, and the columns of its arguments."""

    def __init__(self, text: str, args: int, escape: Callable[[str], str]) -> None:
        self.text = ""
        self._columns: list[tuple[int, str]] = []
        for part in split_format(text, args):
            if isinstance(part, str):
                self.text += literal(escape(part))
                continue
            shown, codes = _HOLES[part.letter]
            self.text += shown
            at = LOG.size + ARGUMENT * part.arg
            self._columns += [(at + number, code) for number, code in enumerate(codes)]

    def columns(self, batch: Batch) -> list[list[Any]]:
        """Return the values of each argument that the message displays."""
        return [batch.column(at, code).tolist() for at, code in self._columns]
