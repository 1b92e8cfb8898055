"""``rawbpf run``: an object at work, and what it has to say."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rawbpf.cli.arguments import parse_duration
from rawbpf.cli.objects.object_file import open_file, places, set_variables, skip
from rawbpf.cli.terminal import say
from rawbpf.cli.tracing.decode import PERF, RING, Decoder, Wanted
from rawbpf.cli.tracing.session import REASONS, close_stdout, hold_back, signals
from rawbpf.cli.tracing.show import Json, Lines
from rawbpf.cli.tracing.stdout import Stdout
from rawbpf.cli.tracing.tables import entries, tables, variables
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.reading.iterator import read_iterator
from rawbpf.reading.ledger import Ledger
from rawbpf.reading.perf_reader import PerfReader
from rawbpf.reading.records import Record, Records
from rawbpf.reading.ring_reader import RingReader
from rawbpf.reading.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.collection.collection import Collection
    from rawbpf.reading.records import Reader

__all__ = ["USAGE", "run"]

USAGE = """Run an object: load it, attach it, print what it sends, and its maps at the end.

Usage:
  rawbpf run FILE [--set VARIABLE=VALUE]... [--print MAP]... [--skip PROGRAM]...
             [--at PROGRAM=WHERE]... [options] [-v]...

Arguments:
  FILE                    A .bpf.o, .bpf.c or .bpf.s file, or a tool with an object inside.

Options:
  -d, --duration SECONDS  Stop after that many seconds, fractions allowed;
                          0 means until Ctrl+C [default: 0].
  --set VARIABLE=VALUE    What a global variable holds at the beginning.
  --print MAP[:STRUCT]    Print this map and no others; its records are such structs.
  --skip PROGRAM          Leave it out; * stands for anything.
  --at PROGRAM=WHERE      Attach it there, not where its section says: an interface (XDP, tc), the
                          path of a cgroup, a function, a tracepoint.
  --clang NAME            Which clang compiles a .bpf.c file.
  --json                  One JSON object for each record and map entry, and nothing else.
  -v, --verbose           Say more on stderr.
  -h, --help              Show this.

Records of ring buffers and perf maps are read as the struct of the object that fits them, if only
one does; else name it with --print, or see their bytes. (clang keeps a struct in an object's types
if something global has it: const struct event *unused;) Iterators print what they write. Hashes,
arrays and variables are printed at the end.
"""


def run(arguments: dict[str, Any]) -> int:
    """Load, attach, print, detach, account."""
    duration = parse_duration(arguments["--duration"])
    with open_file(arguments["FILE"], arguments["--clang"]) as collection:
        set_variables(collection, arguments["--set"])
        if arguments["--skip"]:
            skip(collection, arguments["--skip"])
        if not collection.spec.programs:
            raise UsageError(f"there is no program in {arguments['FILE']}")
        at = places(collection, arguments["--at"])
        wanted = Wanted(collection.spec, arguments["--print"])
        show = Json() if arguments["--json"] else Lines()
        return _Run(collection, at, wanted, duration, show).run()


class _Run:
    """One run of the command, from loading to the exit status."""

    def __init__(
        self,
        collection: Collection,
        at: dict[str, str],
        wanted: Wanted,
        duration: float,
        show: Lines | Json,
    ) -> None:
        self._collection, self._at, self._wanted = collection, at, wanted
        self._duration, self._show = duration, show
        self._decoder = Decoder(collection.spec, wanted)
        self._out = Stdout(on_error=self._unwritable)
        self._session: Session[Record] | None = None

    def run(self) -> int:
        try:
            with ExitStack() as stack:
                summary = self._trace(stack)
                self._put_tables()
        except BaseException:
            self._out.finish()
            raise
        if summary:
            self._out.put(self._show.end(summary))
        return close_stdout(self._out)

    def _trace(self, stack: ExitStack) -> str:
        """From the first record to the last; what is attached is gone when it returns.

        The account; empty if there was nothing to count.
        """
        collection, ledger = self._collection, Ledger()
        collection.load()
        records = Records(self._readers(stack), ledger)
        session = self._session = stack.enter_context(Session(records.filenos(), records, ledger))
        stack.callback(self._forget_session)
        with signals(session.stop, session.wake_fd):
            if self._out.error is not None:
                self._unwritable()  # it was so before there was anything to stop
            session.stop_on_hang_up(1)
            self._attach()
            self._read_iterators(session)
            if self._only_iterators(records):
                collection.detach()
                return ""
            self._print_records(session)
            collection.detach()
            self._out.put(self._show.records(session.rest(), self._decoder))
        ledger.settle_reported(records.lost)
        ledger.missed = sum(one.info().recursion_misses for one in collection.programs.values())
        if records.filenos() or ledger.missed:
            return ledger.summary() + self._caution()
        return ""

    def _readers(self, stack: ExitStack) -> dict[str, Reader]:
        """A reader for each ring that is to be printed."""
        readers: dict[str, Reader] = {}
        for name, one in self._collection.maps.items():
            if name in self._wanted.names and one.spec.map_type is RING:
                readers[name] = stack.enter_context(RingReader(one))
            elif name in self._wanted.names and one.spec.map_type is PERF:
                readers[name] = stack.enter_context(PerfReader(one))
        return readers

    def _attach(self) -> None:
        self._collection.attach(self._at)
        for name, why in self._collection.skipped.items():
            say(f"{name}: {why}", at="warning")
        if not self._collection.links:
            raise RawbpfError(
                "no program was attached", fix="--at PROGRAM=WHERE says where one belongs"
            )

    def _iterators(self) -> dict[str, Any]:
        links = self._collection.links
        return {
            name: links[name]
            for name, one in self._collection.programs.items()
            if name in links and one.spec.section.partition("/")[0] in ("iter", "iter.s")
        }

    def _only_iterators(self, records: Records) -> bool:
        """Whether there is nothing to wait for."""
        return not records.filenos() and len(self._iterators()) == len(self._collection.links)

    def _read_iterators(self, session: Session[Record]) -> None:
        for name, link in self._iterators().items():
            for text in _whole_lines(read_iterator(link)):
                self._out.put(self._show.text(name, text))
                hold_back(session, self._out)
                if session.over:
                    return

    def _print_records(self, session: Session[Record]) -> None:
        self._out.put(self._show.begin(len(self._collection.links), self._duration))
        for batch in session.batches(self._duration):
            self._out.put(self._show.records(batch, self._decoder))
            hold_back(session, self._out)
        self._out.put(self._show.stopping(REASONS[session.stopped or "duration"]))

    def _put_tables(self) -> None:
        """Maps and variables. Nothing is attached any more, so there is time; but not for ever."""
        collection, wanted = self._collection, self._wanted.names
        for name in tables(collection):
            if name not in wanted:
                continue
            one = entries(collection.maps[name])
            for text in self._show.entries(name, one):
                self._out.put(text)
                if not self._out.has_room():
                    say("the rest is left out: nobody reads the output", at="warning")
                    return
        for name in collection.sections:
            if name in wanted and len(collection.sections[name]):
                self._out.put(self._show.variables(name, variables(collection, name)))

    def _caution(self) -> str:
        """What the account cannot know."""
        rings = [
            name
            for name, one in self._collection.spec.maps.items()
            if one.map_type is RING and name in self._wanted.names
        ]
        if not rings:
            return ""
        return f"; what did not fit into {' or '.join(rings)}, only its program knows"

    def _forget_session(self) -> None:
        self._session = None

    def _unwritable(self) -> None:
        """Nothing that we say arrives any more, so stop. The writer's thread calls this."""
        session = self._session
        if session is not None:  # begun, and not yet over
            session.stop("hang-up")


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut only between lines."""
    rest = b""
    for piece in pieces:
        lines, newline, tail = (rest + piece).rpartition(b"\n")
        if newline:
            yield lines
        rest = tail
    if rest:
        yield rest
