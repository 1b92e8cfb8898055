"""The formats of `rawbpf run`: lines for people, or a JSON object per record and map entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rawbpf.cli.terminal import say
from rawbpf.cli.tracing.decode import Typed
from rawbpf.cli.tracing.output import JsonFormat, TextFormat, as_bytes
from rawbpf.events.log_record import LogRecord
from rawbpf.kernel.hardware import wall_clock_offset_ns
from rawbpf.output.text import LineFormat, json_event, printable
from rawbpf.output.values import hex_lines, plain, value_text, values_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rawbpf.cli.tracing.decode import Decoder
    from rawbpf.reading.order import Record

__all__ = ["Json", "Lines"]


class Lines(TextFormat):
    """Lines for people. A line starts with the record's map and, for perf rings, the CPU."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._log_line = LineFormat(wall_clock_offset_ns())

    def begin(self, links: int, duration: float) -> str:
        """Return the line that is printed once all programs are attached."""
        return (
            f"Attached {links} program{'s' * (links != 1)}. "
            f"Duration: {duration:g} seconds (0 = until Ctrl+C)\n"
        )

    def blocks(self, batch: Sequence[Record]) -> Iterator[bytes]:
        """Yield a line for each record, or a hex dump if the record's type is unknown."""
        for one in batch:
            yield as_bytes("".join([line + "\n" for line in self._record(one)]))

    def _record(self, record: Record) -> Iterator[str]:
        head = f"{record.map}:" if record.cpu < 0 else f"{record.map}[{record.cpu}]:"
        decoded = self._decoder.decode(record)
        if isinstance(decoded, Typed):
            yield f"{head} {values_line(decoded.values)}"
        elif isinstance(decoded, LogRecord):
            yield f"{head} {self._log_line(decoded)}"
        else:
            yield f"{head} {len(decoded)} bytes"
            yield from hex_lines(decoded)

    def text(self, _program: str, data: bytes) -> str:
        """Return an iterator's text without a prefix; other bytes are returned as a hex dump."""
        if b"\0" in data:
            return "".join([line + "\n" for line in hex_lines(data)])
        lines = data.decode(errors="backslashreplace").splitlines()
        return "".join([printable(line.expandtabs()) + "\n" for line in lines])

    def entries(self, name: str, entries: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """Yield the name of a map, and a line for each of its entries."""
        yield f"\n{name}:\n"
        for key, value in entries:
            yield f"  {value_text(key)}: {value_text(value)}\n"

    def variables(self, name: str, values: dict[str, Any]) -> str:
        """Format a section's variables on one line."""
        return f"\n{name}: {values_line(values)}\n"


class Json(JsonFormat):
    """JSON for programs: ``map`` is the source, and ``type`` and ``values`` are the contents."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self._decoder = decoder
        self._offset = wall_clock_offset_ns()

    def begin(self, links: int, duration: float) -> str:
        """Report on stderr, with -v, that all programs are attached."""
        say(f"attached {links} programs for {duration:g} s (0: no limit)", at="debug")
        return ""

    def blocks(self, batch: Sequence[Record]) -> Iterator[bytes]:
        """Yield a JSON object for each record."""
        for one in batch:
            yield as_bytes(self.line(self._record(one)))

    def _record(self, record: Record) -> dict[str, Any]:
        row: dict[str, Any] = {"map": record.map}
        if record.cpu >= 0:
            row["cpu"] = record.cpu
        decoded = self._decoder.decode(record)
        if isinstance(decoded, Typed):
            return row | {"type": decoded.type, "values": plain(decoded.values)}
        if isinstance(decoded, LogRecord):
            event = json_event(decoded, "", self._offset)
            del event["function"]  # a record does not reveal which function sent it
            return row | {"type": "log", "values": event}
        return row | {"type": None, "data": decoded.hex()}

    def text(self, program: str, data: bytes) -> str:
        """Return a JSON object for each line from an iterator, or one object for other bytes."""
        if b"\0" in data:
            return self.line({"iterator": program, "data": data.hex()})
        lines = data.decode(errors="backslashreplace").splitlines()
        return "".join([self.line({"iterator": program, "text": line}) for line in lines])

    def entries(self, name: str, entries: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """Yield a JSON object for each entry of a map."""
        for key, value in entries:
            yield self.line({"map": name, "key": plain(key), "value": plain(value)})

    def variables(self, name: str, values: dict[str, Any]) -> str:
        """Return one JSON object with the variables of a section."""
        return self.line({"map": name, "values": plain(values)})
