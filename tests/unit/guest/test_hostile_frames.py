"""Any frame may come from a guest, which is root on a kernel that may be broken."""

import mmap
import socket
from pathlib import Path

import pytest

from rawbpf.errors import FormatError, GuestError
from rawbpf.guest import qemu
from rawbpf.guest.session import Callbacks, Limits, _Session
from rawbpf.guest.terminal import Signals
from rawbpf.guest.wire import out
from rawbpf.guest.wire.frames import FrameKind, encode
from rawbpf.guest.wire.window import MEMORY_SIZE

READY = encode(FrameKind.READY, b"6.1")
HALF = MEMORY_SIZE // 2


def ended(sent: bytes, keep=None, types=None) -> int:
    """Return the status after a guest has sent these bytes."""
    console, their_console = socket.socketpair()
    line, theirs = socket.socketpair()
    memory = memoryview(mmap.mmap(-1, MEMORY_SIZE))
    guest = qemu.Running(console, line, memory, Path("/dev/null"))
    silent = Callbacks(ready=lambda _: None, console=lambda _: None)
    with console, their_console, line:
        session = _Session(guest, None, keep, Limits(), silent, types)
        theirs.sendall(sent)
        theirs.shutdown(socket.SHUT_WR)
        try:
            with theirs, Signals() as signals:
                session.relay(signals)
        finally:
            session.close()
        if session.status is None:
            raise session.died()
        return session.status


def test_an_honest_guest():
    assert ended(READY + encode(FrameKind.STDOUT, 0) + encode(FrameKind.EXIT, 7 << 8)) == 7 << 8


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (
            encode(FrameKind.READY, b"a\nb\x1b[2J"),
            "invalid READY frame .* invalid kernel release 'a",
        ),
        (encode(FrameKind.READY, b""), "invalid READY frame"),
        (encode(FrameKind.READY, b"\xff\x80"), "invalid READY frame"),
        (encode(FrameKind.READY, b"6" * 65), "invalid READY frame"),
        (READY + READY, "unexpected READY frame"),
        (READY + encode(FrameKind.IN_FRAMES), "unexpected IN_FRAMES frame"),
        (encode(FrameKind.STDOUT, 1), "unexpected STDOUT frame"),
        (encode(FrameKind.EXIT, 0), "unexpected EXIT frame"),
        (READY + encode(FrameKind.EXIT, b""), "invalid frame: invalid size of a number: 0 bytes"),
        (READY + encode(FrameKind.EXIT, 0xFFFFFFFF), "invalid EXIT frame .*: status 0xffffffff"),
        (READY + encode(FrameKind.EXIT, 0x7F), "invalid EXIT frame"),  # stopped, not ended
        (READY + encode(FrameKind.EXIT, 0x10000), "invalid EXIT frame"),
        (READY + encode(FrameKind.EXIT, 0) * 2, "unexpected EXIT frame"),
        (READY + encode(FrameKind.STDOUT, b"x"), "invalid size of a number: 1 bytes"),
        (READY + encode(FrameKind.STDOUT, HALF + 1), "invalid length"),
        (READY + encode(FrameKind.STDERR, HALF) * 2, "bytes are waiting, but the limit is"),
        (READY + encode(FrameKind.GRANT, 1), "1 bytes were read, but only 0 were sent"),
        (READY + encode(FrameKind.OUT, 1), "the host did not request the archive"),
        (
            READY + encode(FrameKind.TYPES, 1),
            "type indexes from the guest: the host did not request",
        ),
        (READY + encode(FrameKind.STDIN, 1), "unexpected STDIN frame"),
        (b"\xff\0\0", "invalid frame: unknown kind 255"),
        (encode(FrameKind.IN_FRAMES) + READY + encode(FrameKind.GRANT, 1), "0 were sent"),
    ],
)
def test_hostile_frames_are_declared_errors(sent, said):
    with pytest.raises(FormatError, match=said):
        ended(sent)


def test_an_endless_archive_is_stopped(monkeypatch):
    monkeypatch.setattr(out, "LARGEST", HALF)
    kept = []
    with pytest.raises(FormatError, match=r"/out from the guest: the archive exceeds 1 MiB"):
        ended(READY + encode(FrameKind.OUT, HALF) * 3, keep=kept.append)
    assert sum(map(len, kept)) == HALF


def test_endless_type_indexes_are_stopped():
    taken = []
    with pytest.raises(
        FormatError, match=r"type indexes from the guest: the archive exceeds 4 MiB"
    ):
        ended(READY + encode(FrameKind.TYPES, HALF) * 6, types=taken.append)
    assert sum(map(len, taken)) == 4 * HALF


def test_data_in_frames(capfd):
    sent = [FrameKind.IN_FRAMES, FrameKind.READY, FrameKind.STDOUT, FrameKind.EXIT]
    data = [b"", b"6.1", b"to stdout", 0]
    assert ended(b"".join(map(encode, sent, data))) == 0
    assert capfd.readouterr().out == "to stdout"


@pytest.mark.parametrize(
    "case",
    sorted((Path(__file__).parents[2] / "corpora" / "guest-frames").iterdir()),
    ids=lambda path: path.name,
)
def test_streams_that_once_raised_other_errors(case, capfd):  # noqa: ARG001 -- it prints
    with pytest.raises((FormatError, GuestError)):
        ended(case.read_bytes(), keep=lambda _: None)
