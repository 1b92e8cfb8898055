"""Data between host and guest, in memory that both have mapped.

A serial line transfers a third of a megabyte per second, one byte at a time, and each byte takes
time of the emulated CPU that is being traced. So data goes through memory that QEMU shows the guest
as the BAR of a PCI device (ivshmem). sysfs lets PID 1 map it without a driver. Only lengths are
sent on the line. There are no positions in the memory: both ends count, and a write is ordered
before its frame by the system calls in between.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from rawbpf.arch import native
from rawbpf.errors import FormatError

__all__ = ["MEMORY_SIZE", "Window", "guest_memory", "windows"]

MEMORY_SIZE = 2 << 20  # ivshmem requires a power of two
_PCI_DEVICES = Path("/sys/bus/pci/devices")
_IVSHMEM = ("0x1af4", "0x1110")  # vendor, device; docs/specs/ivshmem-spec.rst in QEMU


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

    def put(self, data: bytes) -> None:
        """Write data. Raise ValueError if there is not enough room."""
        if len(data) > self.room:
            raise ValueError(f"{len(data)} bytes do not fit into {self.room}")
        before_end = len(self._memory) - self._position
        first = data[:before_end]
        self._memory[self._position : self._position + len(first)] = first
        if rest := data[before_end:]:
            self._memory[: len(rest)] = rest
        self._advance(len(data))
        self.room -= len(data)

    def taken(self, size: int) -> None:
        """Free ``size`` bytes, which the reader has read."""
        self.room += size

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


def windows(memory: memoryview) -> tuple[Window, Window]:
    """Return two windows in one shared memory: output of the guest, and input."""
    half = len(memory) // 2
    return Window(memory[:half]), Window(memory[half:])


def guest_memory() -> memoryview:
    """Map the shared memory in the guest."""
    for device in _PCI_DEVICES.iterdir():
        if tuple((device / name).read_text().strip() for name in ("vendor", "device")) == _IVSHMEM:
            (device / "enable").write_text("1")
            fd = os.open(device / native().qemu.shared_memory, os.O_RDWR | os.O_CLOEXEC)
            return memoryview(mmap.mmap(fd, MEMORY_SIZE))
    raise FileNotFoundError("no ivshmem device")
