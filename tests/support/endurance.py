"""Kill commands at random moments, and let one run for a long time at a high rate.

After SIGKILL, the kernel must not hold anything that it did not hold before: no probe, program,
map or link, and no process may be left. ``load --pin`` may leave pins, but only in its folder.

A long session must neither lose events nor grow: each call is delivered or counted as lost, and the
process has as much memory and as many descriptors at the end as after its first seconds.
"""

import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from tests.support.calls import getppid_function
from tests.support.command import RAWBPF, summary
from tests.support.leftovers import held, settles_to

BPFFS = Path("/sys/fs/bpf")
PINS = BPFFS / "soak"
OBJECT = "bpf_src/count_by_comm.bpf.s"
VICTIMS = {
    "kprobe": ["kprobe", "do_sys_openat2"],
    "run": ["run", OBJECT],
    "load --pin": ["load", OBJECT, "--pin", str(PINS)],
}
LIVING = 0.5
"""How many seconds a command may live after it has printed its first line."""

GROWTH = 2 << 20
"""How many bytes a process may grow, for caches of names and buffers of other sizes."""


@contextmanager
def started(words, **options):
    """Start a command in a session of its own, and kill the whole session at the end."""
    null = subprocess.DEVNULL
    streams = {"stdin": null, "stdout": null, "stderr": null} | options
    with subprocess.Popen([*RAWBPF, *words], start_new_session=True, **streams) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def seconds_to_first_line(words):
    begun = time.monotonic()
    with started(words, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        took = time.monotonic() - begun
    _remove_pins()
    return took


def _remove_pins():
    """Remove the folder of ``load --pin``, which contains nothing but pins and folders."""
    shutil.rmtree(PINS, ignore_errors=True)
    assert not PINS.exists()


def _session(number):
    """Return the processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == number and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def kill_at_random_moments(random, rounds, say):
    """Start a command of VICTIMS, kill it, and check what is left; repeat. Raise AssertionError."""
    before, pinned = held(), sorted(BPFFS.iterdir())
    latest = {name: seconds_to_first_line(words) + LIVING for name, words in VICTIMS.items()}
    for number in range(rounds):
        name = random.choice(sorted(VICTIMS))
        moment = random.uniform(0, latest[name])
        with started(VICTIMS[name]) as process:
            time.sleep(moment)
            ended = process.poll()
            process.send_signal(signal.SIGKILL)
            process.wait()
        pins = sorted(str(one.relative_to(BPFFS)) for one in PINS.rglob("*"))
        _remove_pins()
        say(f"{number + 1}/{rounds}: {name} {'ended' if ended is not None else 'killed'} after "
            f"{moment:.3f} s{': ' + ', '.join(pins) if pins else ''}")  # fmt: skip
        assert ended in (None, 0), f"{name} failed with {ended}"
        assert _session(process.pid) == [], f"{name} left processes"
        assert sorted(BPFFS.iterdir()) == pinned, f"{name} left pins"
        assert settles_to(before), f"{name} left {_difference(before)}"


def _difference(before):
    return {kind: now - before[kind] for kind, now in held().items() if now - before[kind]}


class Soaked(NamedTuple):
    """The ledger of a long session, and samples of its memory (bytes) and descriptors."""

    calls: int
    lines: int
    delivered: int
    lost: int
    memory: list[int]
    descriptors: list[int]

    def check(self, *, lossless=True):
        """Raise AssertionError if the ledger does not balance, or the process has grown.

        Perf rings that lose records are replaced by larger rings, so a session that may lose
        records is allowed to grow.
        """
        assert self.delivered + self.lost == self.calls, f"{self} does not balance"
        assert self.lines == self.delivered, "lines are missing"
        if not lossless:
            return
        assert not self.lost, f"{self.lost} of {self.calls} events lost"
        # The first samples are from the time in which buffers and caches fill.
        first = -(-len(self.memory) // 3)
        settled, descriptors = self.memory[first:], self.descriptors[first:]
        assert max(settled) - settled[0] <= GROWTH, f"memory grows: {self.memory}"
        assert max(descriptors) <= descriptors[0], f"descriptors: {self.descriptors}"


def soak(rate, seconds, every=1.0):
    """Trace ``rate`` calls a second for so many seconds, and sample the process."""
    script = str(Path(__file__).with_name("paced_caller.py"))
    command = [sys.executable, script, str(rate), str(seconds)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as caller:
        assert caller.stdout.readline() == "ready\n"
        words = ["-v", "kprobe", getppid_function(), "--pid", str(caller.pid)]
        with started(words, stdout=pipe, stderr=pipe) as tool:
            shown, errors = _Lines(tool.stdout), _Lines(tool.stderr)
            _wait_until(lambda: b"Listening" in shown.head + errors.head, tool)
            caller.stdin.write("go\n")
            caller.stdin.flush()
            memory, descriptors = [], []
            counted = _Lines(caller.stdout)
            while not counted.count:
                time.sleep(every)
                memory.append(_resident(tool.pid))
                descriptors.append(len(list(Path(f"/proc/{tool.pid}/fd").iterdir())))
            tool.send_signal(signal.SIGINT)
            assert tool.wait(120) == 0
            shown.thread.join()
            errors.thread.join()
        caller.stdin.close()
        counted.thread.join()
    delivered, lost = summary(shown.tail.decode())
    return Soaked(int(counted.head), shown.triggered, delivered, lost, memory, descriptors)


class _Lines:
    """Read a stream in a thread; count lines and keep the first and last bytes."""

    def __init__(self, stream):
        self.head, self.tail = b"", b""
        self.count = self.triggered = 0
        self._file = stream.buffer if hasattr(stream, "buffer") else stream
        self.thread = Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self._file:
            self.count += 1
            self.triggered += b"kprobe triggered!" in line
            self.head = self.head if len(self.head) > 1 << 16 else self.head + line
            self.tail = (self.tail + line)[-(1 << 14) :] if b"triggered" not in line else self.tail


def _wait_until(condition, process):
    while not condition():
        assert process.poll() is None, "the command ended early"
        time.sleep(0.05)


def _resident(pid):
    """Return the bytes of the process's own memory, without mapped files and rings."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024


def highest_rate(say, start=1000, most=1_000_000):
    """Return the highest rate at which sessions of three seconds lose nothing, less a third."""
    rate = start
    while rate < most:
        done = soak(rate, 3)
        say(f"{rate} calls/s: {done.calls} calls, {done.lost} lost")
        done.check(lossless=False)
        if done.lost or done.calls < rate * 3 * 0.9:  # or the caller itself is too slow
            break
        rate *= 2
    return rate // 2 * 2 // 3
