"""Data between host and guest, in memory that both have mapped.

A serial line transfers a third of a megabyte per second, one byte at a time, and each byte takes
time of the emulated CPU that is being traced. Data therefore goes through memory that QEMU presents
to the guest as the BAR of a PCI device (ivshmem). sysfs lets PID 1 map the BAR without a driver.
Only lengths are sent on the line. There are no positions in the memory: both ends count, and a
write is ordered before its frame by the system calls in between.

A locked-down kernel does not allow mapping a BAR (LOCKDOWN_PCI_ACCESS, since 5.4). In that case the
data itself is sent on the serial line, which is slower but needs no rights.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Protocol

from rawbpf.arch import native
from rawbpf.errors import FormatError
from rawbpf.guest.wire.frames import LARGEST, number

__all__ = ["MEMORY_SIZE", "Channel", "InFrames", "Window", "guest_memory", "in_frames", "windows"]

_IN_FRAMES = 4096
MEMORY_SIZE = 2 << 20  # ivshmem requires a power of two
_PCI_DEVICES = Path("/sys/bus/pci/devices")
_IVSHMEM = ("0x1af4", "0x1110")  # vendor, device; docs/specs/ivshmem-spec.rst in QEMU


class Channel(Protocol):
    """Data in one direction. Writer and reader each have their own object."""

    room: int
    """How many bytes the reader has room for."""

    @property
    def fits(self) -> int:
        """How many bytes may be sent with one frame now."""
        ...

    def send(self, data: bytes | memoryview) -> bytes:
        """Send up to ``fits`` bytes. Return the payload of the frame that announces them."""
        ...

    def receive(self, payload: bytes) -> bytes:
        """Return the data that a frame announces. Raise FormatError if it cannot be."""
        ...

    def taken(self, size: int) -> None:
        """Free ``size`` bytes, which the reader has read."""
        ...

    def close(self) -> None:
        """Release the memory, so that it can be unmapped."""
        ...


class Window:
    """A ring of bytes in one direction. Writer and reader each have their own object.

    >>> memory = memoryview(bytearray(8))
    >>> writer, reader = Window(memory), Window(memory)
    >>> writer.put(b"abcdef")
    >>> reader.get(6)
    b'abcdef'
    >>> writer.taken(6)
    >>> writer.put(b"ghij")  # around the end
    >>> reader.get(4)
    b'ghij'
    """

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._position = 0
        self.room = len(memory)

    @property
    def fits(self) -> int:
        """How many bytes may be sent with one frame now."""
        return self.room

    def send(self, data: bytes | memoryview) -> bytes:
        """Write data. Return its length as u32."""
        self.put(data)
        return len(data).to_bytes(4, "little")

    def receive(self, payload: bytes) -> bytes:
        """Read as many bytes as the payload says."""
        return self.get(number(payload))

    def put(self, data: bytes | memoryview) -> None:
        """Write data. Raise ValueError if there is not enough room."""
        if len(data) > self.room:
            raise ValueError(f"{len(data)} bytes do not fit into a window of {self.room} bytes")
        before_end = len(self._memory) - self._position
        first = data[:before_end]
        self._memory[self._position : self._position + len(first)] = first
        if rest := data[before_end:]:
            self._memory[: len(rest)] = rest
        self._advance(len(data))
        self.room -= len(data)

    def taken(self, size: int) -> None:
        """Free ``size`` bytes, which the reader has read. Raise FormatError if there are fewer."""
        self.room = _with_room(self.room, size, len(self._memory))

    def get(self, size: int) -> bytes:
        """Read ``size`` bytes. Raise FormatError if they are more than the memory can hold."""
        if size > len(self._memory):
            raise FormatError(f"invalid length {size} for a window of {len(self._memory)} bytes")
        first = bytes(self._memory[self._position : self._position + size])
        rest = bytes(self._memory[: size - len(first)])
        self._advance(size)
        return first + rest

    def close(self) -> None:
        """Release the memory, so that it can be unmapped."""
        self._memory.release()

    def _advance(self, size: int) -> None:
        self._position = (self._position + size) % len(self._memory)


class InFrames:
    """Data in the frames themselves.

    >>> channel = InFrames()
    >>> channel.send(b"data"), channel.receive(b"data"), channel.room
    (b'data', b'data', 4092)
    """

    def __init__(self) -> None:
        self.room = _IN_FRAMES  # a signal may have to wait until a full frame is sent

    @property
    def fits(self) -> int:
        """How many bytes may be sent with one frame now."""
        return min(self.room, LARGEST)

    def send(self, data: bytes | memoryview) -> bytes:
        """Return the data, which is the payload."""
        self.room -= len(data)
        return bytes(data)

    def receive(self, payload: bytes) -> bytes:
        """Return the payload, which is the data."""
        return payload

    def taken(self, size: int) -> None:
        """Free ``size`` bytes, which the reader has read. Raise FormatError if there are fewer."""
        self.room = _with_room(self.room, size, _IN_FRAMES)

    def close(self) -> None:
        """There is nothing to release."""


def _with_room(room: int, more: int, most: int) -> int:
    if room + more > most:
        raise FormatError(
            "invalid frame", why=f"{more} bytes were read, but only {most - room} were sent"
        )
    return room + more


def in_frames() -> tuple[Channel, Channel]:
    """Return two channels without shared memory: output of the guest, and input."""
    return InFrames(), InFrames()


def windows(memory: memoryview) -> tuple[Channel, Channel]:
    """Return two windows in one shared memory: output of the guest, and input."""
    half = len(memory) // 2
    return Window(memory[:half]), Window(memory[half:])


def guest_memory() -> memoryview | None:
    """Map the shared memory in the guest. Return None if the kernel does not permit the mapping."""
    try:
        return _map_memory()
    except OSError:
        return None


def _map_memory() -> memoryview:
    for device in _PCI_DEVICES.iterdir():
        if tuple((device / name).read_text().strip() for name in ("vendor", "device")) == _IVSHMEM:
            (device / "enable").write_text("1")
            fd = os.open(device / native().qemu.shared_memory, os.O_RDWR | os.O_CLOEXEC)
            return memoryview(mmap.mmap(fd, MEMORY_SIZE))
    raise FileNotFoundError("the guest has no ivshmem device")
