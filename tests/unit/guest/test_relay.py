"""PID 1's relay, run by a forked process on a socket."""

import mmap
import os
import signal
import socket
import sys
import time

import pytest

from rawbpf.guest.inside.relay import Line, Relay
from rawbpf.guest.inside.spawn import open_streams, start
from rawbpf.guest.wire.frames import Decoder, FrameKind, encode
from rawbpf.guest.wire.window import MEMORY_SIZE, windows

PIPES = (False, False, False)


class Host:
    """The host's end of the line, driven by a test."""

    def __init__(self, argv, ttys=PIPES):
        self._memory = mmap.mmap(-1, MEMORY_SIZE)
        self._socket, theirs = socket.socketpair()
        self._pid = os.fork()
        if self._pid == 0:
            status = 1
            try:
                self._socket.close()
                status = self._inside(theirs, argv, ttys)
            finally:
                os._exit(status)
        theirs.close()
        self._socket.settimeout(20)
        self._output, self._input = windows(memoryview(self._memory))
        self._decoder = Decoder()
        self._frames = []
        self.said = {FrameKind.STDOUT: b"", FrameKind.STDERR: b""}

    def _inside(self, theirs, argv, ttys):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        line = Line(theirs.fileno())
        streams = open_streams(ttys, (40, 100))
        relay = Relay(line, windows(memoryview(self._memory)), streams)
        child = start(argv, dict(os.environ), "/", streams)
        line.send(FrameKind.EXIT, relay.run(child))
        while theirs.recv(4096):  # until the host has taken everything
            pass
        return 0

    def send(self, kind, payload=b""):
        self._socket.sendall(encode(kind, payload))

    def type(self, data):
        self._input.put(data)
        self.send(FrameKind.STDIN, len(data))

    def until(self, done):
        """Take frames until one of them, or what was said, satisfies."""
        while True:
            for kind, payload in self._decoder.feed(self._socket.recv(4096)):
                if kind in self.said:
                    size = int.from_bytes(payload, "little")
                    self.said[kind] += self._output.get(size)
                    self.send(FrameKind.TAKEN, size)
                if done(kind, payload):
                    return payload

    def until_said(self, text):
        self.until(lambda *_: text in self.said[FrameKind.STDOUT])

    def exit_code(self):
        status = int.from_bytes(self.until(lambda kind, _: kind == FrameKind.EXIT), "little")
        return os.waitstatus_to_exitcode(status)

    def close(self):
        self._socket.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        self._output.close()
        self._input.close()
        self._memory.close()


@pytest.fixture
def run():
    hosts = []

    def begin(argv, ttys=PIPES):
        hosts.append(Host(argv, ttys))
        return hosts[-1]

    yield begin
    for each in hosts:
        each.close()


@pytest.fixture
def host(run):
    return lambda code, ttys=PIPES: run([sys.executable, "-uc", code], ttys)


def test_stdout_stderr_and_status(host):
    run = host("import sys; sys.stdout.write('out'); sys.stderr.write('err'); sys.exit(7)")
    assert run.exit_code() == 7
    assert run.said == {FrameKind.STDOUT: b"out", FrameKind.STDERR: b"err"}


def test_more_output_than_fits_into_the_window(host):
    run = host("import sys; sys.stdout.buffer.write(bytes(range(256)) * 20_000)")
    assert run.exit_code() == 0
    assert run.said[FrameKind.STDOUT] == bytes(range(256)) * 20_000


def test_input_reaches_the_command_and_ends(host):
    run = host("import sys; data = sys.stdin.buffer.read(); print(len(data), data[-1:])")
    run.type(b"x" * 300_000)
    run.type(b"y")
    run.send(FrameKind.END_OF_INPUT)
    assert run.exit_code() == 0
    assert run.said[FrameKind.STDOUT] == b"300001 b'y'\n"


def test_input_that_is_not_read_is_discarded(host):
    run = host("import os; os.close(0); print('closed'); import time; time.sleep(0.3)")
    run.until_said(b"closed")
    run.type(b"x" * 200_000)
    assert run.exit_code() == 0


def test_signals_reach_the_command(host):
    run = host("import signal; print('ready'); signal.pause()")
    run.until_said(b"ready")
    run.send(FrameKind.SIGNAL, signal.SIGTERM)
    assert run.exit_code() == -signal.SIGTERM


def test_the_command_gets_epipe_if_the_reader_is_gone(host):
    run = host("import os; print('ready')\nwhile True: os.write(1, b'x' * 100)")
    run.until_said(b"ready")
    run.send(FrameKind.CLOSED, int(FrameKind.STDOUT))
    assert run.exit_code() == 1
    assert b"BrokenPipeError" in run.said[FrameKind.STDERR]


def test_background_processes_are_not_waited_for(host):
    run = host("import os, time\nprint('ready')\nif os.fork() == 0: time.sleep(5)")
    assert run.exit_code() == 0
    assert run.said[FrameKind.STDOUT] == b"ready\n"


def test_background_processes_that_write_do_not_delay_the_end(host):
    run = host("import os\nif os.fork() == 0:\n  while True: os.write(1, b'x' * 1000)")
    assert run.exit_code() == 0


def test_a_slow_reader_loses_nothing(host):
    run = host("import os; os.write(1, b'x' * 3_000_000); os.write(1, b'the end')")
    time.sleep(0.6)  # longer than the relay waits for streams that are silent
    assert run.exit_code() == 0
    assert run.said[FrameKind.STDOUT].endswith(b"xthe end")


def test_a_terminal_and_its_size(host):
    run = host("import os; print(os.isatty(0), os.isatty(2), os.get_terminal_size())", (True,) * 3)
    assert run.exit_code() == 0
    assert b"True True os.terminal_size(columns=100, lines=40)\r\n" in run.said[FrameKind.STDOUT]


def test_only_streams_that_are_terminals_on_the_host_are_terminals(host):
    run = host(
        "import os; os.write(2, b'%d' % os.isatty(2)); print(os.isatty(1))", (False, True, False)
    )
    assert run.exit_code() == 0
    assert run.said == {FrameKind.STDOUT: b"True\r\n", FrameKind.STDERR: b"0"}


INTERRUPTED = """
import time
try:
    print("ready")
    time.sleep(60)
except KeyboardInterrupt:
    print("stopped")
"""


def test_ctrl_c_goes_to_the_foreground_process(host):
    run = host(INTERRUPTED, (True,) * 3)
    run.until_said(b"ready")
    run.send(FrameKind.SIGNAL, signal.SIGINT)
    assert run.exit_code() == 0
    assert b"stopped" in run.said[FrameKind.STDOUT]


RESIZED = """
import os, signal, sys
signal.signal(signal.SIGWINCH, lambda *_: sys.exit(str(os.get_terminal_size())))
print("ready")
signal.pause()
"""


def test_a_resized_terminal(host):
    run = host(RESIZED, (True,) * 3)
    run.until_said(b"ready")
    run.send(FrameKind.SIZE, b"\x14\x00\x50\x00")
    assert run.exit_code() == 1
    assert b"columns=80, lines=20" in run.said[FrameKind.STDOUT]


def test_a_command_that_cannot_be_executed(run):
    said = run(["/no/such/program"])
    assert said.exit_code() == 127
    assert said.said[FrameKind.STDERR].endswith(b"/no/such/program: No such file or directory\n")
