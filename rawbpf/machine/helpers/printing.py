"""Helpers that format text: trace_printk, trace_vprintk and snprintf.

The kernel's format language is a small subset of printf's:

    %d %i %u %x %X       32 bits; 64 with l or ll
    %c %s %p %%          a character, the address of a string, an address; %pK, %px, %ps ... as %p
    flags 0 + - space, and a width

All other conversions fail with EINVAL. For %p, the kernel prints a hash of the address instead of
the address itself.
"""

from __future__ import annotations

import errno
import re
from struct import unpack
from typing import TYPE_CHECKING

from rawbpf.machine.arithmetic import MASK, signed
from rawbpf.machine.helpers.table import BUFFER, BYTES, NUMBER, VARIADIC, helper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.machine.memory import Memory
    from rawbpf.machine.state import State

__all__ = ["format_text", "string_at"]

_CONVERSION = re.compile(
    r"%(?:(%)|([0+\- ]*(?:[1-9]\d{0,3})?)(?:(l?l?)([diuxX])|(c)|(s|p[ku]s)|(p[KxsSB]?)))"
)
_LONGEST = 512
_MOST_VALUES = 12


@helper("trace_printk", BYTES, VARIADIC, VARIADIC, VARIADIC)
def trace_printk(state: State, template: bytes, *values: int) -> int:
    """Print a line with up to three arguments and return its length."""
    return _print(state, template, values)


@helper("trace_vprintk", BYTES, BYTES)
def trace_vprintk(state: State, template: bytes, data: bytes) -> int:
    """Print a line with up to twelve arguments, which are in an array in memory (Linux 5.16)."""
    if len(data) % 8 or len(data) > 8 * _MOST_VALUES:
        return -errno.EINVAL
    return _print(state, template, unpack(f"<{len(data) // 8}Q", data))


def _print(state: State, template: bytes, values: Sequence[int]) -> int:
    text = format_text(state.memory, template, values)
    if isinstance(text, int):
        return text
    state.quota.take(len(text))
    state.printed.append(text.removesuffix("\n"))
    return len(text)


@helper("snprintf", BUFFER, NUMBER, BYTES)
def snprintf(state: State, buffer: memoryview, template: int, data: bytes) -> int:
    """Format text into a buffer, truncating it to fit.

    Return the length of the full text, including the NUL (Linux 5.13).
    """
    if len(data) % 8 or len(data) > 8 * _MOST_VALUES:
        return -errno.EINVAL
    values = unpack(f"<{len(data) // 8}Q", data)
    text = format_text(state.memory, string_at(state.memory, template).encode() + b"\0", values)
    if isinstance(text, int):
        return text
    cut = text.encode()[: max(len(buffer) - 1, 0)] + b"\0"
    buffer[: len(cut)] = cut[: len(buffer)]
    return len(text) + 1


def format_text(memory: Memory, template: bytes, values: Sequence[int]) -> str | int:
    r"""Return the formatted text, or -EINVAL if the format is invalid.

    >>> from rawbpf.machine.memory import Memory
    >>> format_text(Memory(), b"%d %lu %04x%%\0", [0xFFFFFFFF, 1 << 63, 10])
    '-1 9223372036854775808 000a%'
    """
    if b"\0" not in template:
        return -errno.EINVAL
    text = template.partition(b"\0")[0]
    if not all(32 <= byte < 127 or byte in b"\t\n\v\f\r" for byte in text):
        return -errno.EINVAL
    left = iter(values)
    try:
        done = _CONVERSION.sub(lambda spec: _convert(memory, spec, left), text.decode())
    except StopIteration:  # there are fewer arguments than conversions
        return -errno.EINVAL
    return -errno.EINVAL if "%" in _CONVERSION.sub("", text.decode()) else done


def _convert(memory: Memory, spec: re.Match[str], values: Iterator[int]) -> str:
    """Format one conversion, taking its argument from ``values``."""
    percent, flags, long, integer, character, string, _ = spec.groups()
    if percent:
        return "%"
    value = next(values)
    if integer:
        bits = 64 if long else 32
        number = signed(value, bits) if integer in "di" else value & MASK[bits]
        return f"%{flags}{'d' if integer == 'u' else integer}" % number
    if character:
        return f"%{flags}c" % (value & MASK[8])
    if string:
        return f"%{flags}s" % string_at(memory, value)
    return f"{value & MASK[64]:016x}"


def string_at(memory: Memory, address: int) -> str:
    """Return the NUL-terminated string at an address, or an empty string if it is unreadable."""
    region = memory.region_at(address)
    if region is None:
        return ""
    data = bytes(region.data[address - region.base :][:_LONGEST])
    return data.partition(b"\0")[0].decode(errors="backslashreplace")
