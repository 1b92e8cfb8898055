"""Transfer data between host and guest through memory that both of them have mapped.

A serial port transfers a third of a megabyte per second, one byte at a time, and each byte takes
time on the emulated CPU that is being traced. Data is therefore transferred in memory that QEMU
presents to the guest as the BAR of a PCI device (ivshmem). sysfs lets PID 1 map the BAR without a
driver. Only lengths are sent through the serial port. The memory contains no positions: both sides
count bytes, and sending and receiving a frame takes system calls, which ensure that earlier writes
are visible.

A locked-down kernel does not permit mapping a BAR (LOCKDOWN_PCI_ACCESS, since 5.4). In that case,
the data itself is sent through the serial port, which is slower but needs no privileges.
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
MEMORY_SIZE = 2 << 20  # ivshmem requires a size that is a power of two
_PCI_DEVICES = Path("/sys/bus/pci/devices")
_IVSHMEM = ("0x1af4", "0x1110")  # vendor and device ID; see docs/specs/ivshmem-spec.rst in QEMU


class Channel(Protocol):
    """A channel for data in one direction. The writer and the reader each have their own object."""

    room: int
    """The number of bytes for which the reader has room."""

    @property
    def fits(self) -> int:
        """The number of bytes that may be sent with one frame now."""
        ...

    def send(self, data: bytes | memoryview) -> bytes:
        """Send up to ``fits`` bytes. Return the payload of the frame that announces the bytes."""
        ...

    def receive(self, payload: bytes) -> bytes:
        """Return the data that a frame announces.

        Raises FormatError if the announced length is impossible.
        """
        ...

    def taken(self, size: int) -> None:
        """Free ``size`` bytes that the reader has read."""
        ...

    def close(self) -> None:
        """Release the memory, so that it can be unmapped."""
        ...


class Window:
    """A ring of bytes in one direction.

    The writer and the reader each have their own object.

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
        """The number of bytes that may be sent with one frame now."""
        return self.room

    def send(self, data: bytes | memoryview) -> bytes:
        """Write data. Write the data to the ring and return its length as u32."""
        self.put(data)
        return len(data).to_bytes(4, "little")

    def receive(self, payload: bytes) -> bytes:
        """Read the number of bytes given in the payload."""
        return self.get(number(payload))

    def put(self, data: bytes | memoryview) -> None:
        """Write data. Raises ValueError if there is not enough room for the data."""
        if len(data) > self.room:
            raise ValueError(f"{len(data)} bytes do not fit into the {self.room}-byte window")
        before_end = len(self._memory) - self._position
        first = data[:before_end]
        self._memory[self._position : self._position + len(first)] = first
        if rest := data[before_end:]:
            self._memory[: len(rest)] = rest
        self._advance(len(data))
        self.room -= len(data)

    def taken(self, size: int) -> None:
        """Free ``size`` bytes that the reader has read.

        Raises FormatError if the ring contains fewer bytes.
        """
        self.room = _with_room(self.room, size, len(self._memory))

    def get(self, size: int) -> bytes:
        """Read ``size`` bytes.

        Raises FormatError if the payload announces more bytes than the memory can contain.
        """
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
    """A channel that transfers data within the frames.

    >>> channel = InFrames()
    >>> channel.send(b"data"), channel.receive(b"data"), channel.room
    (b'data', b'data', 4092)
    """

    def __init__(self) -> None:
        self.room = _IN_FRAMES  # a signal may have to wait until a full frame has been sent

    @property
    def fits(self) -> int:
        """The number of bytes that may be sent with one frame now."""
        return min(self.room, LARGEST)

    def send(self, data: bytes | memoryview) -> bytes:
        """Return the payload, which is the data itself."""
        self.room -= len(data)
        return bytes(data)

    def receive(self, payload: bytes) -> bytes:
        """Return the data itself as the payload."""
        return payload

    def taken(self, size: int) -> None:
        """Free ``size`` bytes that the reader has read.

        Raises FormatError if the ring contains fewer bytes.
        """
        self.room = _with_room(self.room, size, _IN_FRAMES)

    def close(self) -> None:
        """Without shared memory, there is nothing to release."""


def _with_room(room: int, more: int, most: int) -> int:
    if room + more > most:
        raise FormatError(
            "invalid frame", why=f"{more} bytes were read, but only {most - room} were sent"
        )
    return room + more


def in_frames() -> tuple[Channel, Channel]:
    """Return two channels without shared memory: one for output of the guest, and one for input."""
    return InFrames(), InFrames()


def windows(memory: memoryview) -> tuple[Channel, Channel]:
    """Return two windows into one shared memory: one for output of the guest, and one for input."""
    half = len(memory) // 2
    return Window(memory[:half]), Window(memory[half:])


def guest_memory() -> memoryview | None:
    """Map the shared memory in the guest, or return None if the kernel does not permit it."""
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
