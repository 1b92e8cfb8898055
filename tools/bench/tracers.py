#!/usr/bin/env python3
"""Measure tracers side by side in one boot, and print the results as JSON.

`tools/bench/run` starts this script in a guest. Each round runs every tracer once, so that a
temporary slowdown of the machine affects all of them. The tracers trace the getppid(2) calls of a C
program, which is called the producer:

    start    │ exec until the kernel lists the probe
    count    │ events are counted, not printed, at full speed: CPU time of the tracer, losses
    bursts   │ a line for each event, in bursts that fit into the rings: CPU time
    full     │ a line for each event, at full speed: losses
    idle     │ wake-ups of an attached tracer that receives no events, and peak memory
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

from rawbpf.command_words import own_python

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
BUILT = HERE.parents[1] / "build" / "bench"
READER, PRODUCER, OBJECT = BUILT / "reader", BUILT / "producer", BUILT / "events.bpf.o"
FUNCTION = "__x64_sys_getppid"
PROBES = Path("/sys/kernel/debug/kprobes/list")
"""The kernel's list of kprobes; a tracer is attached once its probe appears in the list."""

FULL = ("200000", "200000", "0")
"""Arguments of the producer: calls, calls per burst, and microseconds between bursts."""
BURSTS = ("100000", "1000", "50000")
IDLE_SECONDS = 5
PRINT = 'printf("%s info %d %d %d %s kprobe triggered!\\n", strftime("%H:%M:%S.%f", nsecs)'


class Tracer(NamedTuple):
    """A command that traces the process {pid}; ``uses`` describes its input and output."""

    name: str
    command: list[str]
    uses: str


def tracers() -> list[Tracer]:
    """Return the tracers that are installed here, with rawbpf at the end."""
    found = []
    for kind in ("perf", "ring"):
        for output in ("count", "line"):
            uses = f"{kind} {output}"
            pid = "{pid}"
            found.append(Tracer("libbpf C", [str(READER), str(OBJECT), kind, output, pid], uses))
            if has_bcc():
                bcc = [sys.executable, str(PEERS / "with_bcc.py"), kind, output, pid]
                found.append(Tracer("bcc", bcc, uses))
            api = [sys.executable, str(PEERS / "with_rawbpf.py"), str(OBJECT), kind, output, pid]
            found.append(Tracer("rawbpf API", api, uses))
    if shutil.which("bpftrace"):
        script = f"kprobe:{FUNCTION} /pid == {{pid}}/ {{{{ {PRINT}, cpu, pid, tid, comm); }}}}"
        found.append(Tracer("bpftrace", ["bpftrace", "-e", script], "perf line"))
    kprobe = own_python("rawbpf", "-v", "kprobe", FUNCTION, "--pid", "{pid}")
    found.append(Tracer("rawbpf kprobe", kprobe, "perf line"))
    found.append(Tracer("rawbpf kprobe --json", [*kprobe, "--json"], "perf line"))
    return found


def has_bcc() -> bool:
    return Path("/usr/lib/python3/dist-packages/bcc/__init__.py").exists()


class Run:
    """A tracer that is attached to a waiting producer."""

    def __init__(self, tracer: Tracer, calls: tuple[str, ...]) -> None:
        pipe = subprocess.PIPE
        self.producer = subprocess.Popen([str(PRODUCER), *calls], stdin=pipe, stdout=pipe)
        command = [word.format(pid=self.producer.pid) for word in tracer.command]
        self._files = ExitStack()
        self.out = self._files.enter_context(open_unnamed())
        self.errors = self._files.enter_context(open_unnamed())
        began = time.perf_counter()
        self.tool = subprocess.Popen(command, stdout=self.out, stderr=self.errors)
        while not PROBES.read_bytes():
            self._require_running(tracer.name)
            time.sleep(0.002)
        self.started = time.perf_counter() - began
        time.sleep(0.5)
        self._require_running(tracer.name)

    def _require_running(self, name: str) -> None:
        if self.tool.poll() is not None:
            texts = [os.pread(file.fileno(), 1 << 16, 0) for file in (self.out, self.errors)]
            raise SystemExit(f"{name} ended: {b' '.join(texts).decode()}")

    def measure(self) -> dict[str, float]:
        """Let the producer make its calls, stop the tracer, and return the measurements."""
        before = cpu(self.tool.pid)
        made, _ = self.producer.communicate(b"go\n")
        time.sleep(0.5)
        self.tool.send_signal(signal.SIGINT)
        _, _, usage = os.wait4(self.tool.pid, 0)
        self.tool.returncode = 0
        spent = usage.ru_utime + usage.ru_stime - before
        self.out.seek(0)
        self.errors.seek(0)
        errors = self.errors.read().decode(errors="replace")
        shown = sum(b"triggered" in line for line in self.out)
        if report := re.search(r'^\{"delivered".*\}$', errors, re.MULTILINE):
            shown = json.loads(report[0])["delivered"]
        return {"cpu": spent, "delivered": shown, "ns_per_call": float(made)}

    def idle(self) -> dict[str, float]:
        """Return the wake-ups per second while there are no events, and the peak memory in kB."""
        time.sleep(2)
        before = switches(self.tool.pid)
        time.sleep(IDLE_SECONDS)
        woken = (switches(self.tool.pid) - before) / IDLE_SECONDS
        status = Path(f"/proc/{self.tool.pid}/status").read_text()
        return {"wakeups": woken, "peak_kb": int(status.split("VmHWM:")[1].split()[0])}

    def close(self) -> None:
        for process in (self.tool, self.producer):
            if process.returncode is None:
                process.kill()
                process.wait()
        self._files.close()


def open_unnamed() -> IO[bytes]:
    return tempfile.TemporaryFile()


def cpu(pid: int) -> float:
    """Return the seconds of CPU time that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def switches(pid: int) -> int:
    """Return how often the threads of the process gave up the CPU voluntarily."""
    statuses = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(text.split("\nvoluntary_ctxt_switches:")[1].split()[0]) for text in statuses)


def bare(calls: tuple[str, ...]) -> float:
    """Return the time in nanoseconds that a call takes without a tracer."""
    done = subprocess.run(
        [str(PRODUCER), *calls], input=b"go\n", stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout)


def bare_python() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-P", "-c", "pass"], check=True)
    return time.perf_counter() - began


def one_round(results: dict[str, list[float]]) -> None:
    def add(row: str, tracer: str, value: float) -> None:
        results.setdefault(f"{row} | {tracer}", []).append(value)

    add("start, s", "python -c pass", bare_python())
    add("call, ns", "no tracer", bare(FULL))
    for tracer in tracers():
        counting = tracer.uses.endswith("count")
        for work, calls in (("full", FULL), ("bursts", BURSTS)):
            if counting and work == "bursts":
                continue
            run = Run(tracer, calls)
            print(tracer.name, tracer.uses, work, file=sys.stderr, flush=True)
            try:
                got = run.measure()
            finally:
                run.close()
            made, shown = int(calls[0]), got["delivered"]
            row = f"{tracer.uses}, {work}"
            add(f"{row}: CPU s per million", tracer.name, got["cpu"] / max(shown, 1) * 1e6)
            add(f"{row}: lost %", tracer.name, 100 * (made - shown) / made)
            add(f"{row}: call, ns", tracer.name, got["ns_per_call"])
            if tracer.uses == "perf line":
                add("start, s", tracer.name, run.started)
        if tracer.uses == "perf line":
            run = Run(tracer, BURSTS)
            try:
                for name, value in run.idle().items():
                    add(
                        {"wakeups": "idle, wake-ups per s", "peak_kb": "peak, kB"}[name],
                        tracer.name,
                        value,
                    )
            finally:
                run.close()


def provide_headers(source: Path) -> None:
    """Make bcc find kernel headers in ``source``, as if they had been installed from packages."""
    release = os.uname().release
    common = next(source.glob("*-common"))
    modules = Path("/lib/modules", release)
    modules.mkdir(parents=True, exist_ok=True)
    (modules / "build").symlink_to(source / f"linux-headers-{release}")
    (modules / "source").symlink_to(common)
    os.environ["PYTHONPATH"] = "/usr/lib/python3/dist-packages"


def main() -> None:
    """Run ROUNDS rounds; the second argument is the folder with kernel headers, or empty."""
    rounds, source = int(sys.argv[1]), sys.argv[2]
    if source:
        provide_headers(Path(source))
    results: dict[str, list[float]] = {}
    for number in range(rounds):
        one_round(results)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    print("RESULTS " + json.dumps(results))


if __name__ == "__main__":
    main()
