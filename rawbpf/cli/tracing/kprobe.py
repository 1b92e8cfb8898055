"""``rawbpf kprobe``: the main job."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rawbpf.cli.arguments import parse_duration, whole_number
from rawbpf.cli.terminal import level, say
from rawbpf.cli.tracing.session import REASONS, close_stdout, hold_back, signals
from rawbpf.cli.tracing.stdout import Stdout
from rawbpf.errors import ClosedError
from rawbpf.events.log_record import level_number
from rawbpf.kernel.hardware import wall_clock_offset_ns
from rawbpf.kernel.version import kernel_version
from rawbpf.links.diagnose import duplicates
from rawbpf.tracing.kprobe import Kprobe

if TYPE_CHECKING:
    from rawbpf.events.log_record import LogRecord

__all__ = ["USAGE", "run"]

USAGE = """Trace calls of a kernel function: one line each time it is called.

Usage:
  rawbpf kprobe FUNCTION [options] [-v]...

Arguments:
  FUNCTION                The kernel function to probe, such as do_sys_openat2;
                          `rawbpf list` shows which there are.

Options:
  -d, --duration SECONDS  Stop after that many seconds, fractions allowed;
                          0 means until Ctrl+C [default: 0].
  -p, --pid PID           Only calls by this process.
  -r, --ret               When the function returns, not when it is called.
  --buffer-pages N        Pages of ring for each CPU, a power of two [default: 64].
  --json                  One JSON object per event on stdout, and nothing else.
  -v, --verbose           Say more on stderr.
  -h, --help              Show this.

Needs root, or CAP_BPF and CAP_PERFMON; `rawbpf doctor` says what is missing.
"""

_REFUSES_DUPLICATES = (6, 7)
"""The kernel that answers EADDRNOTAVAIL instead (b022f0c7e404)."""


def run(arguments: dict[str, Any]) -> int:
    """Attach, print, detach, account."""
    duration = parse_duration(arguments["--duration"])
    pid = arguments["--pid"]
    probe = Kprobe(
        arguments["FUNCTION"],
        pid=None if pid is None else whole_number(pid, "--pid", "give a process id"),
        retprobe=arguments["--ret"],
        # Whether it is a good number, the reader of the rings knows.
        buffer_pages=whole_number(
            arguments["--buffer-pages"], "--buffer-pages", "give a power of two such as 64"
        ),
    )
    show = _Json(probe.function) if arguments["--json"] else _Lines()
    return _Run(probe, duration, show).run()


class _Lines:
    """What a person reads: the lesson's lines around a table of events."""

    def __init__(self) -> None:
        from rawbpf.output.log_lines import TITLE, LineFormat

        self._title = TITLE
        self._format = LineFormat(wall_clock_offset_ns())

    def begin(self, function: str, duration: float) -> str:
        return (
            f"Attaching kprobe to function: {function}\n"
            f"Duration: {duration:g} seconds (0 = until Ctrl+C)\n"
        )

    def attached(self, function: str) -> str:
        say(f"attached to {function}", at="debug")
        return (
            f"Attached kprobe to: {function}\n"
            f"Listening for events... (Ctrl+C to stop)\n{self._title}\n"
        )

    def events(self, batch: list[LogRecord]) -> str:
        return "".join([self._format(record) + "\n" for record in batch])

    def stopping(self, reason: str) -> str:
        return f"\n{reason}, detaching kprobe...\n"

    def end(self, summary: str) -> str:
        return f"{summary}\nKprobe detached. Exiting.\n"


class _Json:
    """What a program reads: events, nothing else. The rest goes to stderr."""

    def __init__(self, function: str) -> None:
        from json import dumps

        from rawbpf.output.log_lines import json_event

        self._dumps, self._event = dumps, json_event
        self._function, self._offset = function, wall_clock_offset_ns()

    def begin(self, function: str, duration: float) -> str:
        say(f"attaching to {function} for {duration:g} s (0: for ever)", at="debug")
        return ""

    def attached(self, function: str) -> str:
        say(f"attached to {function}", at="debug")
        return ""

    def events(self, batch: list[LogRecord]) -> str:
        rows = (self._event(record, self._function, self._offset) for record in batch)
        return "".join([self._dumps(row) + "\n" for row in rows])

    def stopping(self, reason: str) -> str:
        say(f"{reason}, detaching", at="debug")
        return ""

    def end(self, summary: str) -> str:
        say(summary)
        return ""


class _Run:
    """One run of the command, from the first line to the exit status."""

    def __init__(self, probe: Kprobe, duration: float, show: _Lines | _Json) -> None:
        self._probe, self._duration, self._show = probe, duration, show
        self._out = Stdout(on_error=self._unwritable)
        self._threshold = level_number(level())

    def run(self) -> int:
        probe, show, out = self._probe, self._show, self._out
        out.put(show.begin(probe.function, self._duration))
        try:
            with probe, signals(probe.stop, probe.session.wake_fd):
                if out.error is not None:
                    self._unwritable()  # it was so before there was anything to stop
                out.put(show.attached(probe.function))
                self._warn_of_duplicates()
                probe.session.stop_on_hang_up(1)
                self._trace()
                ledger = probe.ledger
        except BaseException:  # Ctrl+C before the session began, too
            out.finish()
            raise
        out.put(show.end(ledger.summary()))
        return close_stdout(out)

    def _warn_of_duplicates(self) -> None:
        """Older kernels probe the first of several functions of a name, and do not say so."""
        if kernel_version() < _REFUSES_DUPLICATES:
            count = len(duplicates(self._probe.function))
            if count:
                name = self._probe.function
                say(f"{count} functions are named {name}; only one is probed", at="warning")

    def _trace(self) -> None:
        """Print until the end; the last batch comes after the probe is gone."""
        session, shown = self._probe.session, False
        for batch in self._probe.batches(self._duration):
            if session.stopped and not shown:
                self._out.put(self._show.stopping(REASONS[session.stopped]))
                shown = True
            visible = [record for record in batch if record.level <= self._threshold]
            session.ledger.hidden += len(batch) - len(visible)
            self._out.put(self._show.events(visible))
            hold_back(session, self._out)
        if not shown:
            self._out.put(self._show.stopping(REASONS[session.stopped or "duration"]))

    def _unwritable(self) -> None:
        """Nothing that we say arrives any more, so stop. The writer's thread calls this."""
        with suppress(ClosedError):  # not attached yet, or already detached
            self._probe.stop("hang-up")
