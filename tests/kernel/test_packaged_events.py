"""`rawbpf run` reports the same events as the tool of libbpf-tools in the same file.

Both stay attached for the whole workload. Their reports must therefore be
equal: the same files opened, the same counts in histograms.
"""

import ipaddress
import mmap
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.command import TIMEOUT, running
from tests.support.packaged import files

ME = os.getpid()
DISK = Path("/dev/nvme0n1")


class Tool:
    """A tool that runs on a terminal, because it delays its first line otherwise."""

    def __init__(self, *words):
        self._ours, theirs = os.openpty()
        self.process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.text = ""
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self):
        while True:
            try:
                self.text += os.read(self._ours, 65536).decode(errors="replace")
            except OSError:  # EIO: the other end of the terminal is closed
                return

    def wait_for(self, pattern, times=1):
        """Wait for a number of matching lines. Lines not shown when the tool ends are lost."""
        deadline = time.monotonic() + TIMEOUT
        while len(rows(self, pattern)) < times:
            assert time.monotonic() < deadline, self.text
            time.sleep(0.02)

    def end(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(TIMEOUT)
        finally:
            self.process.kill()
            self._thread.join()
            os.close(self._ours)


@contextmanager
def both_watch(name, title, words=(), options=()):
    """Yield the tool and the lines of `rawbpf run`; both are complete after the block."""
    path = str(files("libbpf-tools")[name])
    with running("run", path, "--json", "-v", *options) as ours:
        tool = Tool(path, *words)
        try:
            tool.wait_for(rf".*\b{title}\b.*")
            ours.wait_for("attached ")
            yield tool, ours
        finally:
            tool.end()
        assert ours.end() == 0


def rows(tool, pattern):
    """Return the matched groups of all lines of the tool that match."""
    found = (re.fullmatch(pattern, line.strip()) for line in tool.text.splitlines())
    return [one.groups() for one in found if one]


def records(ours):
    """Return the bytes of records whose type the object does not define."""
    return [bytes.fromhex(row["data"]) for row in ours.events() if row["map"] == "events"]


def text(data):
    return data.partition(b"\0")[0].decode()


def test_opensnoop_and_rawbpf_see_the_same_files(tmp_path):
    paths = [str(tmp_path / name) for name in ("one", "two", "missing", "one")]
    for path in paths[:2]:
        Path(path).write_text("")
    options = "--set", f"targ_tgid={ME}"
    line = rf"{ME} +\S+ +(-?\d+) +(\d+) +({tmp_path}/\w+)"
    with both_watch("opensnoop", "PATH", ("-p", str(ME)), options) as (tool, ours):
        for path in paths:
            try:
                os.close(os.open(path, os.O_RDONLY))
            except FileNotFoundError:
                pass
        tool.wait_for(line, times=4)
    theirs = rows(tool, line)
    seen = []
    for data in records(ours):
        pid, _uid, result, _flags = struct.unpack_from("=8xIIiI", data)
        assert pid == ME
        if text(data[56:]).startswith(str(tmp_path)):
            seen.append((str(max(result, -1)), str(max(-result, 0)), text(data[56:])))
    assert seen == theirs
    assert [path for _, _, path in seen] == paths


def test_execsnoop_and_rawbpf_see_the_same_commands():
    """Its struct is the value of a map, so rawbpf finds it in the object's types."""
    program = str(files("libbpf-tools")["runqlat"])
    line = rf"(\S+) +(\d+) +(\d+) +(-?\d+) +({program} --version \w+)"
    with both_watch("execsnoop", "RET ARGS") as (tool, ours):
        for word in ("one", "two"):
            subprocess.run([program, "--version", word], stdout=subprocess.DEVNULL)
        tool.wait_for(line, times=2)
    theirs = rows(tool, line)
    seen = [
        (row["comm"], str(row["pid"]), str(row["ppid"]), str(row["retval"]))
        for row in (row["values"] for row in ours.events() if row.get("type") == "event")
        if row["args"].startswith(program)
    ]
    assert seen == [row[:4] for row in theirs]
    assert [row[4].rpartition(" ")[2] for row in theirs] == ["one", "two"]


def test_tcpconnect_and_rawbpf_see_the_same_connections():
    options = "--set", f"filter_pid={ME}", "--print", "events"
    line = r"(\d+) +\S+ +(4|6) +\S+ +(\S+) +(\d+)"
    with (
        socket.create_server(("127.0.0.1", 0)) as four,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as six,
        both_watch("tcpconnect", "DPORT", ("-p", str(ME)), options) as (tool, ours),
    ):
        ports = [four.getsockname()[1], six.getsockname()[1]]
        for address in (("127.0.0.1", ports[0]), ("::1", ports[1]), ("127.0.0.1", ports[0])):
            socket.create_connection(address).close()
        tool.wait_for(line, times=3)
    theirs = rows(tool, line)
    seen = []
    for data in records(ours):
        family, pid, _uid = struct.unpack_from("=III", data, 56)
        (port,) = struct.unpack_from("!H", data, 70)  # after the source port
        is_six = family == socket.AF_INET6
        address = ipaddress.ip_address(data[16:32] if is_six else data[16:20])
        seen.append((str(pid), "6" if is_six else "4", str(address), str(port)))
    # Each CPU has its own ring, so the order between CPUs is not defined.
    assert sorted(seen) == sorted(theirs)
    assert sorted(port for *_, port in seen) == sorted(map(str, [*ports, ports[0]]))


def histogram(tool):
    """Return the counts of the tool's histogram."""
    return sum(int(count) for (count,) in rows(tool, r"\d+ -> \d+ +: (\d+) .*"))


def slots(ours):
    """Return the same counts from the map."""
    return sum(sum(row["value"]["slots"]) for row in ours.events() if row["map"] == "hists")


def test_biolatency_and_rawbpf_count_the_same_requests():
    """The tool loads the first of two variants, without the programs for queueing."""
    assert DISK.is_block_device(), "the guest was started without --disk"
    skip = ("block_rq_insert*", "block_rq_issue", "block_rq_complete")
    options = [word for name in skip for word in ("--skip", name)]
    with both_watch("biolatency", "Tracing", (), options) as (tool, ours):
        disk, page = os.open(DISK, os.O_RDWR | os.O_DIRECT), mmap.mmap(-1, 4096)
        for number in range(30):
            os.preadv(disk, [page], number << 12)
        for number in range(12):
            os.pwritev(disk, [page], number << 12)
        os.close(disk)
    assert histogram(tool) == slots(ours) == 42


SLEEPER = "import time\ninput()\nfor _ in range(60): time.sleep(0.002)\nprint(flush=True)\ninput()"


def test_runqlat_and_rawbpf_count_the_same_wakeups():
    """Count one process, which sleeps when tracing starts and when it ends."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-S", "-c", SLEEPER]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as sleeper:
        time.sleep(0.5)  # until it sleeps in input()
        pid = str(sleeper.pid)
        options = "--skip", "handle_*", "--set", f"targ_tgid={pid}"
        with both_watch("runqlat", "Tracing", ("-p", pid), options) as (tool, ours):
            sleeper.stdin.write("\n")
            sleeper.stdin.flush()
            sleeper.stdout.readline()
            time.sleep(0.2)  # until it sleeps in the second input()
        sleeper.stdin.close()
    assert histogram(tool) == slots(ours)
    assert slots(ours) >= 60


pytestmark = pytest.mark.timeout(90)
