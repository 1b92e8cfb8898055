"""What `rawbpf run` prints: lines for people, or one JSON object for each record and map entry."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import say
from rawbpf.cli.tracing.decode import Typed
from rawbpf.events.log_record import LogRecord
from rawbpf.kernel.hardware import wall_clock_offset_ns
from rawbpf.output.log_lines import LineFormat, json_event
from rawbpf.output.text import printable
from rawbpf.output.values import hex_lines, plain, value_text, values_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rawbpf.cli.tracing.decode import Decoder
    from rawbpf.reading.records import Record

__all__ = ["Json", "Lines"]


class Lines:
    """For people. A record's line begins with its map, and its CPU where that is known."""

    def __init__(self) -> None:
        self._log_line = LineFormat(wall_clock_offset_ns())

    def begin(self, links: int, duration: float) -> str:
        """What is said once everything is attached."""
        return (
            f"Attached {links} program{'s' * (links != 1)}. "
            f"Duration: {duration:g} seconds (0 = until Ctrl+C)\n"
        )

    def records(self, batch: Iterable[Record], decoder: Decoder) -> str:
        """A line for each record; a hex dump for one that nothing describes."""
        return "".join([line + "\n" for one in batch for line in self._record(one, decoder)])

    def _record(self, record: Record, decoder: Decoder) -> Iterator[str]:
        head = f"{record.map}:" if record.cpu < 0 else f"{record.map}[{record.cpu}]:"
        decoded = decoder.decode(record)
        if isinstance(decoded, Typed):
            yield f"{head} {values_line(decoded.values)}"
        elif isinstance(decoded, LogRecord):
            yield f"{head} {self._log_line(decoded)}"
        else:
            yield f"{head} {len(decoded)} bytes"
            yield from hex_lines(decoded)

    def text(self, _program: str, data: bytes) -> str:
        """What an iterator wrote: its own text, so nothing is put before it."""
        if b"\0" in data:
            return "".join([line + "\n" for line in hex_lines(data)])
        lines = data.decode(errors="backslashreplace").splitlines()
        return "".join([printable(line.expandtabs()) + "\n" for line in lines])

    def stopping(self, reason: str) -> str:
        """What ended it."""
        return f"\n{reason}, detaching...\n"

    def entries(self, name: str, entries: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """A map's entries below its name."""
        yield f"\n{name}:\n"
        for key, value in entries:
            yield f"  {value_text(key)}: {value_text(value)}\n"

    def variables(self, name: str, values: dict[str, Any]) -> str:
        """The variables of a section."""
        return f"\n{name}: {values_line(values)}\n"

    def end(self, summary: str) -> str:
        """The account."""
        return f"\n{summary}\n"


class Json:
    """For programs: ``map`` says where it is from, ``type`` and ``values`` what it is."""

    def __init__(self) -> None:
        self._offset = wall_clock_offset_ns()

    def begin(self, links: int, duration: float) -> str:
        """On stderr, if at all: stdout is for records."""
        say(f"attached {links} programs for {duration:g} s (0: for ever)", at="debug")
        return ""

    def records(self, batch: Iterable[Record], decoder: Decoder) -> str:
        """An object for each record."""
        return "".join([self._line(self._record(one, decoder)) for one in batch])

    def _record(self, record: Record, decoder: Decoder) -> dict[str, Any]:
        row: dict[str, Any] = {"map": record.map}
        if record.cpu >= 0:
            row["cpu"] = record.cpu
        decoded = decoder.decode(record)
        if isinstance(decoded, Typed):
            return row | {"type": decoded.type, "values": plain(decoded.values)}
        if isinstance(decoded, LogRecord):
            event = json_event(decoded, "", self._offset)
            del event["function"]  # whoever sent it did not say
            return row | {"type": "log", "values": event}
        return row | {"type": None, "data": decoded.hex()}

    def text(self, program: str, data: bytes) -> str:
        """A line of an iterator is an object."""
        if b"\0" in data:
            return self._line({"iterator": program, "data": data.hex()})
        lines = data.decode(errors="backslashreplace").splitlines()
        return "".join([self._line({"iterator": program, "text": line}) for line in lines])

    def stopping(self, reason: str) -> str:
        """On stderr, if at all."""
        say(f"{reason}, detaching", at="debug")
        return ""

    def entries(self, name: str, entries: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """An object for each entry."""
        for key, value in entries:
            yield self._line({"map": name, "key": plain(key), "value": plain(value)})

    def variables(self, name: str, values: dict[str, Any]) -> str:
        """One object for a section."""
        return self._line({"map": name, "values": plain(values)})

    def end(self, summary: str) -> str:
        """On stderr."""
        say(summary)
        return ""

    def _line(self, row: dict[str, Any]) -> str:
        return dumps(row) + "\n"
