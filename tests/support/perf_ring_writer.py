"""Write records to a perf ring in a plain buffer, as the kernel does.

This does what kernel/events/ring_buffer.c does, as far as a reader can observe it. Records are
multiples of eight bytes, start at head & mask, and wrap around. Nothing is written past tail +
size. Lost records are reported before the next record that fits.
"""

import struct

PAGE = 4096
HEAD, TAIL = 1024, 1032
LOST, SAMPLE = 2, 9


class PerfRingWriter:
    def __init__(self, pages: int, start: int = 0) -> None:
        self.size = pages * PAGE
        self.memory = bytearray(PAGE + self.size)
        self.pending_lost = 0
        self._set(HEAD, start)
        self._set(TAIL, start)

    @property
    def head(self) -> int:
        return struct.unpack_from("=Q", self.memory, HEAD)[0]

    @property
    def tail(self) -> int:
        return struct.unpack_from("=Q", self.memory, TAIL)[0]

    def _set(self, at: int, value: int) -> None:
        struct.pack_into("=Q", self.memory, at, value)

    def write_raw(self, record: bytes) -> None:
        """Write bytes at the head, whatever they contain."""
        mask, head = self.size - 1, self.head
        for index, byte in enumerate(record):
            self.memory[PAGE + (head + index & mask)] = byte
        self._set(HEAD, head + len(record))

    def set_positions(self, head: int, tail: int) -> None:
        self._set(HEAD, head)
        self._set(TAIL, tail)

    def sample(self, payload: bytes) -> bool:
        """Write a PERF_RECORD_SAMPLE. Return False if it does not fit and is lost."""
        record = sample_record(payload)
        lost = struct.pack("=IHHQQ", LOST, 0, 24, 77, self.pending_lost)
        needed = len(record) + (len(lost) if self.pending_lost else 0)
        if needed > self.size - (self.head - self.tail):
            self.pending_lost += 1
            return False
        if self.pending_lost:
            self.write_raw(lost)
            self.pending_lost = 0
        self.write_raw(record)
        return True


def sample_record(payload: bytes) -> bytes:
    raw = (len(payload) + 4 + 7) // 8 * 8 - 4
    padded = payload + b"\xa5" * (raw - len(payload))
    return struct.pack("=IHHI", SAMPLE, 0, 12 + raw, raw) + padded
