"""Run the command as a user does, in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

RAWBPF = [sys.executable, "-m", "rawbpf"]
TIMEOUT = 60


def rawbpf(*words: str, **options) -> subprocess.CompletedProcess:
    """Run the command until it ends."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [*RAWBPF, *words], capture_output=True, text=True, timeout=TIMEOUT, **options
    )


class Running:
    """A running command, whose output is collected line by line."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.lines: list[str] = []
        self.error_lines: list[str] = []
        self._threads = [
            threading.Thread(target=lines.extend, args=(iter(stream.readline, ""),), daemon=True)
            for stream, lines in (
                (process.stdout, self.lines),
                (process.stderr, self.error_lines),
            )
            if stream is not None  # the test redirected this stream
        ]
        for thread in self._threads:
            thread.start()

    def wait_for(self, text: str) -> None:
        """Wait for a line on stdout or stderr that contains ``text``."""
        deadline = time.monotonic() + TIMEOUT
        while not any(text in line for line in (*self.lines, *self.error_lines)):
            assert time.monotonic() < deadline, f"no {text!r} in {self.lines} {self.error_lines}"
            time.sleep(0.02)

    def end(self, with_signal: int | None = signal.SIGINT) -> int:
        """Send a signal and wait until all output is collected. Return the exit status."""
        if with_signal is not None:
            self.process.send_signal(with_signal)
        status = self.process.wait(TIMEOUT)
        for thread in self._threads:
            thread.join(TIMEOUT)
        return status

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def errors(self) -> str:
        return "".join(self.error_lines)

    def events(self) -> list[dict]:
        """Return the events printed by --json."""
        return [json.loads(line) for line in self.lines]


@contextmanager
def running(*words: str, **options):
    """Start a command, and kill it at the end of the block if it is still running."""
    process = subprocess.Popen(
        [*RAWBPF, *words],
        **{
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            "env": {**os.environ, "PYTHONUNBUFFERED": "1"},
            **options,
        },
    )
    with process:
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


@contextmanager
def opening_files():
    """Open a file fifty times a second, so that there are events to see."""
    enough = threading.Event()

    def work():
        while not enough.wait(0.02):
            Path("/proc/uptime").read_bytes()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


SUMMARY = re.compile(r"(\d+) events delivered, (\d+)(?: \([^)]*\))? lost, ([\d.]+) events/s")


def summary(text: str) -> tuple[int, int]:
    """Return (delivered, lost) of the line at the end of a session."""
    found = SUMMARY.search(text)
    assert found, f"no summary in {text[-500:]!r}"
    return int(found[1]), int(found[2])
