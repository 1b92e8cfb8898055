"""The formats of `rawbpf run`: lines for people, or one JSON object per record and map entry."""

from __future__ import annotations

from json import dumps
from typing import TYPE_CHECKING, Any, cast

from rawbpf.cli.map_entries import (
    histogram_lines,
    histogram_objects,
    is_stacks,
    named_addresses,
    sorted_rows,
    stack_frames,
    stack_lines,
)
from rawbpf.cli.terminal import say
from rawbpf.cli.tracing.output import JsonFormat, TextFormat, as_bytes
from rawbpf.events.log_rows import LogRows
from rawbpf.events.typed_rows import TypedRows
from rawbpf.kernel.hardware import wall_clock_offset_ns
from rawbpf.output.columns import spans
from rawbpf.output.log_lines import LogLines
from rawbpf.output.log_objects import LogObjects
from rawbpf.output.text import for_terminal, printable
from rawbpf.output.value_blocks import AS_JSON, AS_LINES, ValueBlocks
from rawbpf.output.values import hex_lines, plain, value_text, values_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rawbpf.cli.tracing.decode import Decoder
    from rawbpf.kernel.symbolize import KernelSymbols
    from rawbpf.reading.order import Record, Taken
    from rawbpf.specs.map_spec import MapSpec

__all__ = ["Json", "Lines"]


class Lines(TextFormat):
    """Lines for people. A line starts with the record's map and, for perf rings, the CPU."""

    def __init__(self, decoder: Decoder, symbols: KernelSymbols) -> None:
        self._decoder, self._symbols = decoder, symbols
        self._logs = LogLines(wall_clock_offset_ns())
        self._structs = ValueBlocks(
            AS_LINES._replace(
                record=lambda values: values_line(named_addresses(values, symbols)),
                value=self._text,
            )
        )

    def _text(self, value: Any) -> str:  # noqa: ANN401 -- any decoded value
        return value_text(named_addresses(value, self._symbols))

    def begin(self, links: int, duration: float) -> str:
        """Return the line that is printed once all programs are attached."""
        return (
            f"Attached {links} program{'s' * (links != 1)}. "
            f"Duration: {duration:g} seconds (0 = until Ctrl+C)\n"
        )

    def blocks(self, batch: Sequence[Record]) -> Iterator[bytes]:
        """Yield a line for each record, or a hex dump if the record's type is unknown."""
        taken = cast("Taken", batch)  # the collector did not change it
        head = f"{taken.map}:" if taken.cpu < 0 else f"{taken.map}[{taken.cpu}]:"
        for rows in self._decoder.split(taken):
            if isinstance(rows, TypedRows):
                yield from self._structs.blocks(rows, f"{head} ")
            elif isinstance(rows, LogRows):
                yield from self._logs.blocks(rows, for_terminal(f"{head} "))
            else:
                yield from self._dumps(rows, head)

    def _dumps(self, taken: Taken, head: str) -> Iterator[bytes]:
        for records in _blocks(taken):
            lines = [
                line for data in records for line in (f"{head} {len(data)} bytes", *hex_lines(data))
            ]
            yield as_bytes("\n".join([*lines, ""]))

    def text(self, _program: str, data: bytes) -> str:
        """Return an iterator's text without a prefix, or other bytes as a hex dump."""
        if b"\0" in data:
            return "".join([line + "\n" for line in hex_lines(data)])
        lines = data.decode(errors="backslashreplace").splitlines()
        return "".join([printable(line.expandtabs()) + "\n" for line in lines])

    def entries(self, spec: MapSpec, entries: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """Yield the name of a map, and a line for each entry or, in stacks, for each frame."""
        yield f"\n{spec.name}:\n"
        for key, value in sorted_rows(spec, entries):
            if is_stacks(spec):
                for line in stack_lines(key, stack_frames(spec, value, self._symbols)):
                    yield f"  {line}\n"
            else:
                yield f"  {self._text(key)}: {self._text(value)}\n"

    def histograms(self, spec: MapSpec, entries: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """Yield the name of a map, and the lines of its histograms."""
        yield f"\n{spec.name}:\n"
        for line in histogram_lines(spec, entries):
            yield f"{line}\n"

    def variables(self, name: str, values: dict[str, Any]) -> str:
        """Format all variables of a section on one line."""
        return f"\n{name}: {values_line(named_addresses(values, self._symbols))}\n"


class Json(JsonFormat):
    """The JSON format for programs: ``map`` is the source; ``type`` and ``values`` are contents."""

    def __init__(self, decoder: Decoder, symbols: KernelSymbols) -> None:
        super().__init__()
        self._decoder, self._symbols = decoder, symbols
        # records do not contain the name of the function
        self._logs = LogObjects(wall_clock_offset_ns(), None)
        self._structs = ValueBlocks(AS_JSON)

    def begin(self, links: int, duration: float) -> str:
        """Report on stderr, with -v, that all programs are attached."""
        say(f"attached {links} programs for {duration:g} s (0: no limit)", at="debug")
        return ""

    def blocks(self, batch: Sequence[Record]) -> Iterator[bytes]:
        """Yield a JSON object for each record."""
        taken = cast("Taken", batch)  # the collector did not change it
        row: dict[str, Any] = {"map": taken.map}
        if taken.cpu >= 0:
            row["cpu"] = taken.cpu
        for rows in self._decoder.split(taken):
            if isinstance(rows, TypedRows):
                yield from self._structs.blocks(rows, *_around(row, rows.kind.name))
            elif isinstance(rows, LogRows):
                yield from self._logs.blocks(rows, *_around(row, "log"))
            else:
                for records in _blocks(rows):
                    lines = [self.line(row | {"type": None, "data": one.hex()}) for one in records]
                    yield "".join(lines).encode()

    def text(self, program: str, data: bytes) -> str:
        """Return a JSON object for each line from an iterator, or one object for other bytes."""
        if b"\0" in data:
            return self.line({"iterator": program, "data": data.hex()})
        lines = data.decode(errors="backslashreplace").splitlines()
        return "".join([self.line({"iterator": program, "text": line}) for line in lines])

    def entries(self, spec: MapSpec, entries: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """Yield a JSON object for each entry of a map; a stack is a list of frames."""
        for key, value in entries:
            shown = stack_frames(spec, value, self._symbols) if is_stacks(spec) else plain(value)
            yield self.line({"map": spec.name, "key": plain(key), "value": shown})

    def histograms(self, spec: MapSpec, entries: Iterable[tuple[Any, Any]]) -> Iterator[str]:
        """Yield a JSON object for each histogram in a map."""
        for row in histogram_objects(spec, entries):
            yield self.line({"map": spec.name, **row})

    def variables(self, name: str, values: dict[str, Any]) -> str:
        """Return one JSON object with all variables of a section."""
        return self.line({"map": name, "values": plain(values)})


def _blocks(taken: Taken) -> Iterator[list[bytes]]:
    """Yield records in groups of one block each."""
    for span in spans(len(taken), taken.batch.size):
        yield taken.batch.part(*span).records()


def _around(row: dict[str, Any], kind: str) -> tuple[str, str]:
    """Return the parts of an object that precede and follow a record's values."""
    return dumps(row | {"type": kind})[:-1] + ', "values": ', "}"
