"""The memory of a repeated call, which holds all blocks in one buffer at known addresses.

A block is preceded and followed by unused memory, so that if the kernel writes a few bytes more
than expected (for example a new field at the end of an attr), it overwrites neither another block
nor any other memory of this process. The unused memory contains zeros, which terminate strings.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Memory"]

_GAP = 512
"""The number of unused bytes after each block, which exceeds the size of all structures that bpf(2)
writes."""

_SLACK = 1 << 16
"""The number of unused bytes after the last block."""

_ALIGNMENT = 64


class Memory:
    """The memory blocks of one call. ``blocks`` is a list of (size in bytes, initial contents).

    >>> memory = Memory([(16, b"attr"), (4, b"")])
    >>> memory.write(0, 8, memory.address(1).to_bytes(8, "little"))
    >>> memory.at(int.from_bytes(memory.read(0)[8:], "little")), memory.at(4096)
    (1, None)
    """

    def __init__(self, blocks: Sequence[tuple[int, bytes]]) -> None:
        self._places: list[tuple[int, int]] = []
        end = _GAP
        for size, _ in blocks:
            self._places.append((end, size))
            end += -(-(size + _GAP) // _ALIGNMENT) * _ALIGNMENT
        self._buffer = ctypes.create_string_buffer(end + _SLACK)
        self._start = ctypes.addressof(self._buffer)
        self._blocks = {self._start + at: index for index, (at, _) in enumerate(self._places)}
        for index, (_, contents) in enumerate(blocks):
            self.write(index, 0, contents)

    def address(self, index: int) -> int:
        """Return the address of a block."""
        return self._start + self._places[index][0]

    def at(self, address: int) -> int | None:
        """Return the index of the block that starts at an address, or None if there is none."""
        return self._blocks.get(address)

    def size(self, index: int) -> int:
        """Return the size of a block in bytes."""
        return self._places[index][1]

    def read(self, index: int, at: int = 0, size: int | None = None) -> bytes:
        """Return up to ``size`` bytes of a block, starting at offset ``at``."""
        most = max(self.size(index) - at, 0)
        return ctypes.string_at(self.address(index) + at, most if size is None else min(most, size))

    def write(self, index: int, at: int, data: bytes) -> None:
        """Write to a block, starting at offset ``at``.

        Raises ValueError if the data extends past the block's end.
        """
        if not 0 <= at <= self.size(index) - len(data):
            raise ValueError(
                f"{len(data)} bytes at offset {at} exceed the block of {self.size(index)} bytes"
            )
        ctypes.memmove(self.address(index) + at, data, len(data))

    def clear(self, index: int, begin: int, end: int) -> None:
        """Write zeros from offset ``begin`` to ``end``, but not past the end of the block."""
        begin, end = max(begin, 0), min(end, self.size(index))
        if begin < end:
            self.write(index, begin, bytes(end - begin))
