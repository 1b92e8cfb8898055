"""The guest's PID 1: set up the system, run one command, and relay its streams to the host.

The first serial port is the kernel's console, and the second one carries frames (see
wire/frames.py). When the command ends, PID 1 sends the remaining output, the files in /out, new
type indexes, and the wait status; then the guest powers off. If PID 1 itself fails, its traceback
is printed on the console, the kernel panics because init has died, and the host reports both.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
import termios
import tty
from contextlib import suppress

from rawbpf.arch import kernel_release, native
from rawbpf.guest.inside.relay import Line, Relay
from rawbpf.guest.inside.spawn import open_streams, start
from rawbpf.guest.inside.system import load_modules, power_off, prepare
from rawbpf.guest.wire.frames import FrameKind
from rawbpf.guest.wire.window import guest_memory, in_frames, windows

__all__ = ["main"]

_JOB = "/rawbpf/job"


def main() -> None:
    """Run the guest from boot to power-off."""
    prepare()
    with open(_JOB, "rb") as file:
        job = marshal.load(file)
    if not load_modules(job["modules"]):
        power_off()
    line = _open_line()
    memory = guest_memory()
    if memory is None:
        line.send(FrameKind.IN_FRAMES)
    release = kernel_release()
    line.send(FrameKind.READY, release.encode())
    environment = job["env"] | {"RAWBPF_GUEST_KERNEL": release}
    streams = open_streams(job["ttys"], job["size"])
    relay = Relay(line, in_frames() if memory is None else windows(memory), streams)
    if job["workload"]:
        _start_workload(job["workload"], environment)
    known = _sizes(job["types"])
    child = start(job["argv"], environment, job["cwd"], streams)
    status = relay.run(child)
    if job["out"]:
        _send_folder(relay, "/out")
    if memory is not None and _sizes(job["types"]) != known:  # the serial port is slow
        _send_types(relay, job["types"])
    line.send(FrameKind.EXIT, status)
    termios.tcdrain(line.fd)
    power_off()


def _open_line() -> Line:
    fd = os.open(native().qemu.line, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    tty.setraw(fd)
    return Line(fd)


def _start_workload(argv: list[str], env: dict[str, str]) -> None:
    """Start the workload in its own session, with /dev/null as its streams."""
    if os.fork() == 0:
        try:
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for number in range(3):
                os.dup2(nothing, number)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            os.execvpe(argv[0], argv, env)
        finally:
            os._exit(127)


def _send_folder(relay: Relay, path: str) -> None:
    from rawbpf.guest.wire.out import pack

    def omit(inner: str, why: str) -> None:
        message = f"guest: cannot copy {path}/{inner}: {why}\n"
        relay.send_data(FrameKind.STDERR, message.encode(errors="backslashreplace"))

    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)  # kill all other processes, which might never stop writing
    for piece in pack(path, omit):
        relay.send_data(FrameKind.OUT, piece)


def _sizes(folder: str) -> dict[str, int]:
    """Return the sizes of the files in a folder, or {} if the folder does not exist."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat().st_size for entry in entries}
    except OSError:
        return {}


def _send_types(relay: Relay, folder: str) -> None:
    """Send the type indexes stored by the command, for the next guest with the same kernel."""
    from rawbpf.guest.kept import LARGEST
    from rawbpf.guest.wire.out import pack

    for piece in pack(folder, lambda *_: None, LARGEST):
        relay.send_data(FrameKind.TYPES, piece)


if __name__ == "__main__":
    sys.exit("this program runs only as PID 1 of a guest")
