"""``rawbpf kprobe``: trace calls to a kernel function."""

from __future__ import annotations

from functools import cached_property

from rawbpf.cli.arguments import parse_duration, whole_number
from rawbpf.cli.terminal import level, say
from rawbpf.cli.tracing.output import JsonFormat, Output, TextFormat, note_namespace
from rawbpf.events.log_record import level_number
from rawbpf.kernel.hardware import wall_clock_offset_ns
from rawbpf.kernel.version import kernel_version
from rawbpf.light_typing import TYPE_CHECKING
from rawbpf.tracing.kprobe import Kprobe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from rawbpf.events.log_record import LogRecord
    from rawbpf.output.log_lines import LogLines
    from rawbpf.output.log_objects import LogObjects

__all__ = ["USAGE", "run"]

USAGE = """Trace calls to a kernel function: print one line for each call.

Usage:
  rawbpf kprobe FUNCTION [options] [-v]...

Arguments:
  FUNCTION                The kernel function to probe, such as do_sys_openat2;
                          `rawbpf list` lists all functions that can be probed.

Options:
  -d, --duration SECONDS  Stop after this time, such as 2 or 0.5 seconds;
                          0 means until Ctrl+C [default: 0].
  -p, --pid PID           Trace only calls by this process, an ID in your PID namespace.
  -r, --ret               Trace returns of the function instead of calls.
  --with-self             Also trace calls by rawbpf itself, which are skipped and
                          counted by default.
  --buffer-pages N        Pages of ring buffer for each CPU, a power of two [default: 64].
  --max-buffer-pages N    Let a CPU's ring grow up to this size, a power of two, if the ring fills
                          up; 1 means never [default: 4096].
  --keep-caps             Keep all capabilities while tracing, instead of dropping those that are
                          no longer needed.
  --json                  Print one JSON object per event on stdout, and nothing else.
  -v, --verbose           Print more detail to stderr.
  -h, --help              Show this help.

Needs root, or CAP_BPF and CAP_PERFMON; `rawbpf doctor` checks what is missing.
"""

_REFUSES_DUPLICATES = (6, 7)
"""The first kernel version that rejects an ambiguous name with EADDRNOTAVAIL (b022f0c7e404)."""


def run(arguments: dict[str, Any]) -> int:
    """Attach the probe, print events until the session ends, detach, and print the summary."""
    duration = parse_duration(arguments["--duration"])
    pid = arguments["--pid"]
    probe = Kprobe(
        arguments["FUNCTION"],
        pid=None if pid is None else whole_number(pid, "--pid", "specify a process ID"),
        retprobe=arguments["--ret"],
        exclude_self=not arguments["--with-self"],
        # The class Kprobe checks whether the number is valid.
        buffer_pages=_pages(arguments, "--buffer-pages"),
        max_buffer_pages=_pages(arguments, "--max-buffer-pages"),
    )
    show = _Json(probe) if arguments["--json"] else _Lines(probe)
    with Output(keep_caps=arguments["--keep-caps"]) as out:
        out.put(show.begin(duration))
        with probe, out.controlling(probe.session):
            out.put(show.attached())
            _warn_of_duplicates(probe.function)
            note_namespace()
            out.attached(rings_grow=probe.max_buffer_pages > probe.buffer_pages)
            out.stream(probe.session, duration, show, probe.last_batches)
            summary = probe.ledger.summary()
        out.put(show.end(summary))
        return out.finish()


def _pages(arguments: dict[str, Any], option: str) -> int:
    return whole_number(arguments[option], option, "specify a power of two such as 64")


class _Lines(TextFormat):
    """The format for people, which prints the lines from lesson 01 around a table of events."""

    detaching = "detaching kprobe"

    def __init__(self, probe: Kprobe) -> None:
        from rawbpf.output.text import TITLE

        self._probe, self._title = probe, TITLE

    @cached_property
    def _lines(self) -> LogLines:
        from rawbpf.output.log_lines import LogLines  # not needed before the first record

        return LogLines(wall_clock_offset_ns())

    def begin(self, duration: float) -> str:
        return (
            f"Attaching kprobe to function: {self._probe.function}\n"
            f"Duration: {duration:g} seconds (0 = until Ctrl+C)\n"
        )

    def attached(self) -> str:
        function = self._probe.function
        say(f"attached to {function}", at="debug")
        return (
            f"Attached kprobe to: {function}\n"
            f"Listening for events... (Ctrl+C to stop)\n{self._title}\n"
        )

    def blocks(self, batch: Sequence[LogRecord]) -> Iterator[bytes]:
        if _visible(batch, self._probe):
            yield from self._lines.blocks(batch)

    def end(self, summary: str) -> str:
        return f"{summary}\nKprobe detached. Exiting.\n"


class _Json(JsonFormat):
    """The format for programs, which prints events as JSON objects, one per line."""

    def __init__(self, probe: Kprobe) -> None:
        super().__init__()
        self._probe = probe

    @cached_property
    def _objects(self) -> LogObjects:
        from rawbpf.output.log_objects import LogObjects  # not needed before the first record

        return LogObjects(wall_clock_offset_ns(), self._probe.function)

    def begin(self, duration: float) -> str:
        say(f"attaching to {self._probe.function} for {duration:g} s (0: no limit)", at="debug")
        return ""

    def attached(self) -> str:
        say(f"attached to {self._probe.function}", at="debug")
        return ""

    def blocks(self, batch: Sequence[LogRecord]) -> Iterator[bytes]:
        if _visible(batch, self._probe):
            yield from self._objects.blocks(batch)


def _visible(batch: Sequence[LogRecord], probe: Kprobe) -> bool:
    """Return whether the log level permits the records; otherwise, count them as hidden.

    All records in a batch have the same level.
    """
    if batch[0].level <= level_number(level()):
        return True
    probe.ledger.hidden += len(batch)
    return False


def _warn_of_duplicates(function: str) -> None:
    """Warn if several functions have this name. Older kernels silently probe the first function."""
    if kernel_version() < _REFUSES_DUPLICATES:
        from rawbpf.links.diagnose import duplicates

        count = len(duplicates(function))
        if count:
            say(f"{count} functions are named {function}; only one is probed", at="warning")
