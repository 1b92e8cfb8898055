"""The log record: how a BPF program says something to people.

A program cannot format text: it has no printf worth the name, and 512 bytes of stack. So it sends
the format and the numbers, and user space puts them together. The record describes itself, which
means that a program in C, in assembly or built by Python needs no table shared with its reader:

     0 u32 length      bytes of the record, this field included: the ring pads behind it
     4 u8  level       1 error, 2 warn, 3 info, 4 debug
     5 u8  arg_count   how many u64 follow the header
     6 u16 text_length bytes of the format, which follows the arguments
     8 u64 ktime_ns    bpf_ktime_get_ns: CLOCK_MONOTONIC
    16 u32 tid         bpf_get_current_pid_tgid, low half (what the kernel calls pid)
    20 u32 pid         ... high half (what the kernel calls tgid)
    24 u32 cpu         bpf_get_smp_processor_id
    28 u32 reserved    0
    32 char comm[16]   bpf_get_current_comm: ends at the first NUL; behind it may be rubbish
    48 u64 args[arg_count]
       char text[text_length]

>>> encode_log(LogRecord(3, 1_000, 7, 8, 0, "bash", (2,), "{} files")).hex(" ", 8)[:35]
'4000000003010800 e803000000000000 0'
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from rawbpf.errors import FormatError, UsageError
from rawbpf.events.log_format import format_log

__all__ = [
    "HEADER",
    "LEVEL_NAMES",
    "LogRecord",
    "decode_log",
    "encode_log",
    "is_log",
    "level_name",
    "level_number",
]

HEADER = struct.Struct("=IBBHQIIII16s")
"""The fixed part, 48 bytes."""

_PADDING = 16
"""A perf ring adds up to 7 bytes; a record whose size is fixed in C up to 7 more."""

LEVEL_NAMES = ("off", "error", "warn", "info", "debug")
"""By number; a record with a number above is shown as debug."""


class LogRecord(NamedTuple):
    r"""One decoded record. ``message`` is ``text``, the format, with the arguments put in.

    ``comm`` is as the kernel had it: bytes that are no UTF-8 as ``\xNN``, control characters as
    they are. Escape it before you print it (``output.escape.printable``).
    """

    level: int
    ktime_ns: int
    tid: int
    pid: int
    cpu: int
    comm: str
    args: tuple[int, ...]
    text: str

    @property
    def message(self) -> str:
        """The text that people read."""
        return format_log(self.text, self.args)


def level_name(number: int) -> str:
    """The name of a level.

    >>> level_name(3), level_name(200)
    ('info', 'debug')
    """
    return LEVEL_NAMES[min(number, len(LEVEL_NAMES) - 1)]


def level_number(name: str) -> int:
    """The number of a level, by the name that it has in a program or in RAWBPF_LOG.

    >>> level_number("warning"), level_number("debug")
    (2, 4)
    """
    known = "warn" if name == "warning" else name
    if known not in LEVEL_NAMES:
        raise UsageError(f"{name!r} is no log level", fix=f"use one of {', '.join(LEVEL_NAMES)}")
    return LEVEL_NAMES.index(known)


def encode_log(record: LogRecord) -> bytes:
    """The bytes that a program would send: for tests, and to show the layout."""
    text = record.text.encode()
    args = struct.pack(f"={len(record.args)}Q", *record.args)
    head = HEADER.pack(
        HEADER.size + len(args) + len(text),
        *(record.level, len(record.args), len(text), record.ktime_ns),
        *(record.tid, record.pid, record.cpu, 0, record.comm.encode()),
    )
    return head + args + text


def decode_log(data: bytes) -> LogRecord:
    """Decode one sample of a ring; FormatError when it is no log record."""
    if len(data) < HEADER.size:
        raise FormatError(f"a log record has {HEADER.size} bytes or more, this has {len(data)}")
    length, level, count, text_length, ktime, tid, pid, cpu, _, comm = HEADER.unpack_from(data)
    text_at = HEADER.size + 8 * count
    if text_at + text_length > length or length > len(data):
        raise FormatError(
            "a log record contradicts itself",
            why=f"{count} arguments and {text_length} bytes of text in {length} of {len(data)}",
        )
    args = struct.unpack_from(f"={count}Q", data, HEADER.size)
    text = data[text_at : text_at + text_length].decode(errors="backslashreplace")
    return LogRecord(level, ktime, tid, pid, cpu, _comm(comm), args, text)


def is_log(data: bytes) -> bool:
    """Whether a sample of unknown origin is a log record: all that one says of itself is right.

    A ring may show up to seven bytes more than were sent, and a program may pad its text.

    >>> is_log(encode_log(LogRecord(3, 1_000, 7, 8, 0, "bash", (2,), "{} files")))
    True
    >>> is_log(bytes(64))
    False
    """
    if len(data) < HEADER.size:
        return False
    length, level, count, text_length, *_, reserved, _comm = HEADER.unpack_from(data)
    filled = HEADER.size + 8 * count + text_length
    behind = len(data) - length
    return bool(
        level_number("error") <= level <= level_number("debug")
        and text_length
        and not reserved
        and filled == length
        and 0 <= behind < _PADDING
    )


def _comm(raw: bytes) -> str:
    """Cut at the *first* NUL: a rename leaves the end of a longer name behind it (seen on 6.1)."""
    return raw.partition(b"\0")[0].decode(errors="backslashreplace")
