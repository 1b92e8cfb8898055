"""``rawbpf run``: load an object, attach its programs, and print the records they send."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rawbpf.cli.arguments import parse_duration, whole_number
from rawbpf.cli.objects.object_file import open_file, places, set_variables, skip
from rawbpf.cli.terminal import say
from rawbpf.cli.tracing.decode import PERF, RING, Decoder, Wanted, entries, tables
from rawbpf.cli.tracing.output import Output, note_namespace
from rawbpf.cli.tracing.show import Json, Lines
from rawbpf.errors import RawbpfError, UsageError
from rawbpf.kernel.symbolize import KernelSymbols
from rawbpf.reading.collector import Collector, unchanged
from rawbpf.reading.iterator import read_iterator
from rawbpf.reading.perf_reader import check_pages
from rawbpf.reading.ring_reader import open_reader
from rawbpf.reading.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.collection.collection import Collection
    from rawbpf.reading.collector import Ledger
    from rawbpf.reading.order import Record

__all__ = ["USAGE", "run"]

USAGE = """Run an object: load and attach it, print its records, and its maps at the end.

Usage:
  rawbpf run FILE [--set VARIABLE=VALUE]... [--print MAP]... [--hist MAP]...
             [--skip PROGRAM]... [--at PROGRAM=WHERE]... [options] [-v]...

Arguments:
  FILE                    A .bpf.o, .bpf.c or .bpf.s file, or an executable that contains an object.

Options:
  -d, --duration SECONDS  Stop after this time, such as 2 or 0.5 seconds;
                          0 means until Ctrl+C [default: 0].
  --set VARIABLE=VALUE    Set a global variable before loading.
  --print MAP[:STRUCT]    Print only this map, and decode its records as STRUCT.
  --hist MAP              Print an array that counts power-of-two slots, log2(value), as a
                          histogram; or a map with such an array in each value.
  --skip PROGRAM          Do not load this program; * matches any characters.
  --at PROGRAM=WHERE      Attach PROGRAM to WHERE, instead of the target in its section name: an
                          interface (XDP, tc), the path of a cgroup, a function, a tracepoint.
  --ring-pages N          Minimum number of pages of each ring buffer, a power of two
                          [default: 256].
  --max-buffer-pages N    Let the ring of a CPU in a perf map grow up to this size if it fills up,
                          a power of two; 1 means never [default: 4096].
  --clang NAME            The clang to use for compiling .bpf.c files.
  --keep-caps             Keep all capabilities while tracing, instead of dropping those that are
                          no longer needed.
  --json                  Print one JSON object per record and map entry, and nothing else.
  -v, --verbose           Print more detail to stderr.
  -h, --help              Show this help.

Records of ring buffers and perf maps are decoded as the struct whose size fits, if the object has
exactly one. Otherwise they are printed as bytes, unless --print names the struct. (clang keeps a
struct in the object's types only if something global uses it: const struct event *unused;) The
output of iterators is printed unchanged. Hashes, arrays, stacks and variables are printed at the
end. Entries of a hash are sorted by value if the values are numbers. Kernel addresses are followed
by the name of the function.

Programs also see the calls that rawbpf makes to read and print their records. If that matters, let
the program ignore a process ID that is set with --set.
"""


def run(arguments: dict[str, Any]) -> int:
    """Load and attach the object, print records, detach the object, and print its maps."""
    duration = parse_duration(arguments["--duration"])
    with open_file(arguments["FILE"], arguments["--clang"]) as collection:
        set_variables(collection, arguments["--set"])
        if arguments["--skip"]:
            skip(collection, arguments["--skip"])
        if not collection.spec.programs:
            raise UsageError(f"{arguments['FILE']} contains no program")
        max_pages = _pages(arguments, "--max-buffer-pages")
        collection.enlarge_rings(_pages(arguments, "--ring-pages") * os.sysconf("SC_PAGE_SIZE"))
        at = places(collection, arguments["--at"])
        wanted = Wanted(collection.spec, arguments["--print"], arguments["--hist"])
        decoder = Decoder(collection.spec, wanted)
        with KernelSymbols() as symbols, Output(keep_caps=arguments["--keep-caps"]) as out:
            show = (Json if arguments["--json"] else Lines)(decoder, symbols)
            this = _Run(collection, wanted, show, out, max_pages)
            summary = this.trace(at, duration)
            this.put_tables()
            if summary:
                out.put(show.end(summary))
            return out.finish()


def _pages(arguments: dict[str, Any], option: str) -> int:
    return check_pages(
        whole_number(arguments[option], option, "specify a power of two such as 256")
    )


class _Run:
    """A single run of an object, from loading to detaching."""

    def __init__(
        self,
        collection: Collection,
        wanted: Wanted,
        show: Lines | Json,
        out: Output,
        max_pages: int,
    ) -> None:
        self._max_pages = max_pages
        self._collection, self._wanted, self._show, self._out = collection, wanted, show, out

    def trace(self, at: dict[str, str], duration: float) -> str:
        """Trace the object, from loading to detaching.

        Return the summary, or "" if no records were counted.
        """
        collection = self._collection
        collection.load()
        with ExitStack() as stack:
            readers = self._readers(stack)
            collector = Collector(readers, unchanged)
            session = stack.enter_context(Session(collector))
            stack.enter_context(self._out.controlling(session))
            self._attach(at)
            note_namespace()
            kinds = {collection.maps[name].spec.map_type for name in readers}
            self._out.attached(rings_grow=PERF in kinds)
            self._read_iterators(session)
            if not collector.filenos() and len(self._iterators()) == len(collection.links):
                # an object that contains only iterators has nothing to wait for
                collection.detach()
                return ""
            self._out.put(self._show.begin(len(collection.links), duration))
            self._out.stream(session, duration, self._show, lambda: self._detach(session))
            ledger = session.ledger
            ledger.missed = collection.missed()
            return self._summary(ledger) if collector.filenos() or ledger.missed else ""

    def _detach(self, session: Session[Record]) -> list[Sequence[Record]]:
        self._collection.detach()
        return session.rest()

    def _readers(self, stack: ExitStack) -> dict[str, Any]:
        """Open a reader for each ring whose records are printed."""
        return {
            name: stack.enter_context(open_reader(one, self._max_pages))
            for name, one in self._collection.maps.items()
            if name in self._wanted.names and one.spec.map_type in (RING, PERF)
        }

    def _attach(self, at: dict[str, str]) -> None:
        self._collection.attach(at)
        for name, why in self._collection.skipped.items():
            say(f"{name}: {why}", at="warning")
        if not self._collection.links:
            raise RawbpfError(
                "no program was attached", fix="set the target of a program with --at PROGRAM=WHERE"
            )

    def _iterators(self) -> dict[str, Any]:
        links = self._collection.links
        return {
            name: links[name]
            for name, one in self._collection.programs.items()
            if name in links and one.spec.section.partition("/")[0] in ("iter", "iter.s")
        }

    def _read_iterators(self, session: Session[Record]) -> None:
        for name, link in self._iterators().items():
            for text in _whole_lines(read_iterator(link)):
                self._out.put(self._show.text(name, text))
                self._out.hold_back(session)
                if session.stopped:
                    return

    def put_tables(self) -> None:
        """Print the contents of maps and the values of variables.

        Nothing is attached at this point, so a slow reader may delay the output.
        """
        collection, wanted = self._collection, self._wanted.names
        for name in tables(collection):
            if name not in wanted:
                continue
            one = collection.maps[name]
            show = self._show.entries
            if name in self._wanted.histograms:
                show = self._show.histograms
            for text in show(one.spec, entries(one)):
                self._out.put(text)
                if not self._out.has_room():
                    say("the remaining output is dropped: its reader is gone", at="warning")
                    return
        for name, section in collection.sections.items():
            if name in wanted and len(section):
                self._out.put(self._show.variables(name, dict(section)))

    def _summary(self, ledger: Ledger) -> str:
        """Return the ledger's summary, which also mentions records that cannot be counted."""
        rings = [
            name
            for name, one in self._collection.spec.maps.items()
            if one.map_type is RING and name in self._wanted.names
        ]
        if not rings:
            return ledger.summary()
        names = " or ".join(rings)
        return f"{ledger.summary()}; records dropped because {names} was full are not counted here"


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes, divided only at the ends of lines."""
    rest = b""
    for piece in pieces:
        lines, newline, tail = (rest + piece).rpartition(b"\n")
        if newline:
            yield lines
        rest = tail
    if rest:
        yield rest
