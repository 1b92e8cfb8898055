r"""The log record, a message that a BPF program sends for people to read.

A program has no usable printf and only 512 bytes of stack. The program therefore sends a format and
numbers, and user space formats the message. A record with text is self-describing, so that programs
written in C, assembly or Python do not have to share a table with the reader:

>>> print(*LOG.lines(), sep="\n")
 0 u32      length       size of the record in bytes, including this field; the ring may add padding
 4 u8       level        1 error, 2 warn, 3 info, 4 debug
 5 u8       arg_count    number of u64 arguments after the header
 6 u16      text_length  bytes of text after the arguments, or 32768 + the number of a format
 8 u64      ktime_ns     bpf_ktime_get_ns: CLOCK_MONOTONIC
16 u32      tid          bpf_get_current_pid_tgid, low half (called pid in the kernel)
20 u32      pid          bpf_get_current_pid_tgid, high half (called tgid in the kernel)
24 u32      cpu          bpf_get_smp_processor_id
28 u32      reserved     0
32 char[16] comm         bpf_get_current_comm: ends at the first NUL; the rest is undefined

The header is followed by the arguments and the text of the format. The program of `rawbpf kprobe`
sends no text, because that is faster: it sends the number of a format in ``FORMATS``, and the
reader looks up the text.

>>> encode_log(LogRecord(3, 1_000, 7, 8, 0, "bash", (2,), "{} files")).hex(" ", 8)[:35]
'4000000003010800 e803000000000000 0'

The format contains ``{}`` for each argument. Every argument is 64 bits wide, and a letter after a
colon selects the display format. ``str.format`` is not used, because the text comes from an
untrusted program: this format has no attributes, no widths, and no other features that could
consume much memory.

>>> format_log("open({:p}) = {:d}, flags {:x}, by {}", (0xFFFF_8881_0000_0000, 2**64 - 2, 64, 1000))
'open(0xffff888100000000) = -2, flags 40, by 1000'
>>> format_log("{} and {}", (1,)), format_log("{{}} {:q}", (1,))
('1 and {missing}', '{} {:q?}')
"""

from __future__ import annotations

import struct

from rawbpf.errors import FormatError, UsageError
from rawbpf.events.layout import Field, Layout
from rawbpf.light_typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ARGUMENT",
    "FORMATS",
    "HEADER",
    "LEVEL_NAMES",
    "LOG",
    "NUMBERED",
    "Hole",
    "LogRecord",
    "comm_text",
    "decode_log",
    "encode_log",
    "format_log",
    "is_log",
    "level_name",
    "level_number",
    "split_format",
]

FORMATS = ("kprobe triggered!",)
"""The formats that are sent by number."""

NUMBERED = 1 << 15
"""If no text follows the arguments, ``text_length`` is NUMBERED plus the number of a format."""

ARGUMENT = 8
"""Size of an argument in bytes."""

LOG = Layout(
    48,
    [
        Field(
            "length",
            0,
            "I",
            "size of the record in bytes, including this field; the ring may add padding",
        ),
        Field("level", 4, "B", "1 error, 2 warn, 3 info, 4 debug"),
        Field("arg_count", 5, "B", "number of u64 arguments after the header"),
        Field(
            "text_length",
            6,
            "H",
            "bytes of text after the arguments, or 32768 + the number of a format",
        ),
        Field("ktime_ns", 8, "Q", "bpf_ktime_get_ns: CLOCK_MONOTONIC"),
        Field("tid", 16, "I", "bpf_get_current_pid_tgid, low half (called pid in the kernel)"),
        Field("pid", 20, "I", "bpf_get_current_pid_tgid, high half (called tgid in the kernel)"),
        Field("cpu", 24, "I", "bpf_get_smp_processor_id"),
        Field("reserved", 28, "I", "0"),
        Field(
            "comm", 32, "16s", "bpf_get_current_comm: ends at the first NUL; the rest is undefined"
        ),
    ],
)
"""The fixed part of the record.

The fixed part is followed by ``arg_count`` arguments of 64 bits each, and by the format."""

HEADER = LOG.struct()
"""The size of the fixed part of the record, which is 48 bytes long."""

_PADDING = 16
"""A perf ring appends up to 7 bytes of padding, and a C struct of fixed size adds up to 7 more."""

LEVEL_NAMES = ("off", "error", "warn", "info", "debug")
"""The level names, indexed by number. Higher numbers are displayed as debug."""


class LogRecord(NamedTuple):
    r"""One decoded record.

    ``text`` is the format, and ``message`` is the text with the arguments inserted.

    ``comm`` may contain control characters, because the kernel does not filter them, so escape it
    before printing (``output.text.printable``). Bytes that are not UTF-8 become ``\xNN``.
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
        """The text of the format, with the arguments inserted."""
        return format_log(self.text, self.args)


def level_name(number: int) -> str:
    """Return the name of a level.

    >>> level_name(3), level_name(200)
    ('info', 'debug')
    """
    return LEVEL_NAMES[min(number, len(LEVEL_NAMES) - 1)]


def level_number(name: str) -> int:
    """Return a level's number, given its name as used in programs or in RAWBPF_LOG.

    >>> level_number("warning"), level_number("debug")
    (2, 4)
    """
    known = "warn" if name == "warning" else name
    if known not in LEVEL_NAMES:
        raise UsageError(f"unknown log level {name!r}", fix=f"use one of {', '.join(LEVEL_NAMES)}")
    return LEVEL_NAMES.index(known)


def encode_log(record: LogRecord) -> bytes:
    """Encode a record as a program would, for tests and for examples of the layout."""
    text = record.text.encode()
    args = struct.pack(f"={len(record.args)}Q", *record.args)
    head = HEADER.pack(
        HEADER.size + len(args) + len(text),
        *(record.level, len(record.args), len(text), record.ktime_ns),
        *(record.tid, record.pid, record.cpu, 0, record.comm.encode()),
    )
    return head + args + text


def decode_log(data: bytes) -> LogRecord:
    """Decode one sample from a ring. Raises FormatError if the sample is not a log record."""
    if len(data) < HEADER.size:
        raise FormatError(
            f"a log record of {len(data)} bytes is too short; the minimum is {HEADER.size} bytes"
        )
    length, level, count, text_length, ktime, tid, pid, cpu, _, comm = HEADER.unpack_from(data)
    numbered = text_length >= NUMBERED
    known = _format(text_length - NUMBERED) if numbered else ""
    text_length = 0 if numbered else text_length
    text_at = HEADER.size + ARGUMENT * count
    if text_at + text_length > length or length > len(data):
        raise FormatError(
            "inconsistent sizes in a log record",
            why=(
                f"{count} arguments and {text_length} bytes of text do not fit into {length} "
                f"of {len(data)} bytes"
            ),
        )
    args = struct.unpack_from(f"={count}Q", data, HEADER.size)
    text = known or data[text_at : text_at + text_length].decode(errors="backslashreplace")
    return LogRecord(level, ktime, tid, pid, cpu, comm_text(comm), args, text)


def _format(number: int) -> str:
    if number >= len(FORMATS):
        raise FormatError(f"a log record refers to the unknown format {number}")
    return FORMATS[number]


def is_log(data: bytes) -> bool:
    """Return whether a sample of unknown origin is a valid log record.

    A perf ring may append up to seven bytes, and a program may pad its text.

    >>> is_log(encode_log(LogRecord(3, 1_000, 7, 8, 0, "bash", (2,), "{} files")))
    True
    >>> is_log(bytes(64))
    False
    """
    if len(data) < HEADER.size:
        return False
    length, level, count, text_length, *_, reserved, _comm = HEADER.unpack_from(data)
    filled = HEADER.size + ARGUMENT * count + text_length
    padding = len(data) - length
    return bool(
        level_number("error") <= level <= level_number("debug")
        and text_length
        and not reserved
        and filled == length
        and 0 <= padding < _PADDING
    )


def comm_text(raw: bytes) -> str:
    """Return a process name, truncated at the *first* NUL.

    The first NUL may be followed by the end of an earlier, longer name (observed on 6.1).
    """
    return raw.partition(b"\0")[0].decode(errors="backslashreplace")


def _signed(value: int) -> str:
    return str(value - 2**64 if value >> 63 else value)


def _ipv4(value: int) -> str:
    # In network byte order, the first byte in memory is the first byte of the address.
    return ".".join(str(byte) for byte in value.to_bytes(8, "little")[:4])


_SHOWN: dict[str, Callable[[int], str]] = {
    "": str,
    "d": _signed,
    "u": str,
    "x": lambda value: f"{value:x}",
    "X": lambda value: f"{value:X}",
    "p": lambda value: f"{value:#x}",
    "ipv4": _ipv4,
}
"""Maps the letter after the colon to a function that formats the argument."""


class Hole(NamedTuple):
    """The position of an argument in a format, and the letter that selects its display format."""

    arg: int
    letter: str


def split_format(text: str, count: int) -> list[str | Hole]:
    """Split a format with ``count`` arguments into text and placeholders.

    An unknown letter or a missing argument is shown in the text.

    >>> split_format("{{{:x}}} and {} of {:q}", 1)
    ['{', Hole(arg=0, letter='x'), '} and {missing} of {:q?}']
    """
    parts: list[str | Hole] = []
    plain, rest, used = "", text, 0
    while rest:
        before, brace, rest = rest.partition("{")
        plain += before.replace("}}", "}")
        if not brace:
            break
        if rest.startswith("{"):
            plain += "{"
            rest = rest[1:]
            continue
        hole, _, rest = rest.partition("}")
        letter = hole.removeprefix(":")
        if letter not in _SHOWN:
            plain += "{" + hole + "?}"
        elif used == count:
            plain += "{missing}"
        else:
            parts += [plain, Hole(used, letter)]
            plain, used = "", used + 1
    return [part for part in (*parts, plain) if part]


def format_log(text: str, args: tuple[int, ...]) -> str:
    """Insert the arguments into the format.

    The function never raises an error; an unknown letter or a missing argument is shown in the
    message.
    """
    if "{" not in text and "}" not in text:
        return text
    parts = split_format(text, len(args))
    return "".join([p if isinstance(p, str) else _SHOWN[p.letter](args[p.arg]) for p in parts])
