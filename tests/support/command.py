"""The command as a user runs it: a process of its own."""

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
    """Run to the end."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [*RAWBPF, *words], capture_output=True, text=True, timeout=TIMEOUT, **options
    )


class Running:
    """A command that is running; its output is collected line by line."""

    def __init__(self, process: subprocess.Popen) -> None:
        self.process = process
        self.lines: list[str] = []
        self.errors = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        if self.process.stdout is not None:  # None: the test took it elsewhere
            self.lines.extend(iter(self.process.stdout.readline, ""))

    def wait_for(self, text: str, timeout: float = TIMEOUT) -> None:
        deadline = time.monotonic() + timeout
        while not any(text in line for line in tuple(self.lines)):
            assert time.monotonic() < deadline, f"no {text!r} in {self.lines[-20:]}"
            assert self.process.poll() is None or any(text in line for line in self.lines), (
                f"ended with {self.process.returncode}: {self.process.stderr.read()}"
            )
            time.sleep(0.02)

    def end(self, with_signal: int | None = signal.SIGINT) -> int:
        """Send the signal and wait; the exit status. Output is complete afterwards."""
        if with_signal is not None:
            self.process.send_signal(with_signal)
        self.errors = self.process.stderr.read()
        status = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        return status

    @property
    def text(self) -> str:
        return "".join(self.lines)

    def events(self) -> list[dict]:
        """The lines of --json."""
        return [json.loads(line) for line in self.lines]


@contextmanager
def running(*words: str, **options):
    """Start a command; whatever happens, it does not outlive the block."""
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
    """Open a file fifty times a second, so that there is something to see."""
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
    """(delivered, lost) of the line that ends a session."""
    found = SUMMARY.search(text)
    assert found, f"no summary in {text[-500:]!r}"
    return int(found[1]), int(found[2])
