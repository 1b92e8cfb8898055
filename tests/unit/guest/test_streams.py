import errno
import os
import socket

from rawbpf.guest.streams import Line, Outlet
from rawbpf.guest.wire.frames import FrameKind, encode


def test_a_full_line_keeps_frames():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        line = Line(ours)
        for _ in range(50_000):
            line.send(FrameKind.SIGNAL, 2)
        received = b""
        while len(received) < 50_000 * 7:
            received += theirs.recv(1 << 20)
            line.flush()
        assert received == encode(FrameKind.SIGNAL, 2) * 50_000


def test_a_closed_line():
    ours, theirs = socket.socketpair()
    with ours:
        line = Line(ours)
        theirs.sendall(encode(FrameKind.ALIVE))
        theirs.close()
        assert line.receive() == [(FrameKind.ALIVE, b"")]
        assert line.open
        assert line.receive() == []
        assert not line.open
        line.send(FrameKind.SIGNAL, 2)  # into the void, not into an error


def test_an_outlet_writes_at_most_pipe_buf():
    reader, writer = os.pipe()
    outlet = Outlet(writer)
    outlet.put(b"x" * 10_000)
    assert outlet.flush() == 4096
    assert outlet
    assert outlet.flush() + outlet.flush() == 10_000 - 4096
    assert not outlet
    assert len(os.read(reader, 20_000)) == 10_000
    os.close(reader)
    os.close(writer)


def test_an_outlet_without_a_reader_discards_data():
    reader, writer = os.pipe()
    os.close(reader)
    outlet = Outlet(writer)
    outlet.put(b"x" * 10_000)
    assert outlet.flush() == 10_000
    assert outlet.closed
    assert not outlet
    os.close(writer)


def test_a_full_disk_is_an_error():
    full = os.open("/dev/full", os.O_WRONLY)
    outlet = Outlet(full)
    outlet.put(b"lost")
    assert outlet.flush() == 4
    os.close(full)
    assert outlet.closed
    assert outlet.error is not None
    assert outlet.error.errno == errno.ENOSPC
