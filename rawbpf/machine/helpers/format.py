"""The formats of trace_printk and its kin: a small part of printf's, as the kernel reads it.

    %d %i %u %x %X       32 bits, with l or ll 64
    %c %s %p %%          a character, a string's address, an address; %pK, %px, %ps ... as %p
    flags 0 + - space, and a width

Anything else is refused with -EINVAL. The kernel prints a hash instead of an address for %p.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

from rawbpf.machine.arithmetic import MASK, signed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rawbpf.machine.memory import Memory

__all__ = ["format_text", "string_at"]

_SPEC = re.compile(
    r"%(?:(%)|([0+\- ]*(?:[1-9]\d{0,3})?)(?:(l?l?)([diuxX])|(c)|(s|p[ku]s)|(p[KxsSB]?)))"
)
_LONGEST = 512


def format_text(memory: Memory, form: bytes, values: Sequence[int]) -> str | int:
    r"""The text, or -EINVAL.

    >>> from rawbpf.machine.memory import Memory
    >>> format_text(Memory(), b"%d %lu %04x%%\0", [0xFFFFFFFF, 1 << 63, 10])
    '-1 9223372036854775808 000a%'
    """
    if b"\0" not in form:
        return -errno.EINVAL
    text = form.partition(b"\0")[0]
    if not all(32 <= byte < 127 or byte in b"\t\n\v\f\r" for byte in text):
        return -errno.EINVAL
    left = iter(values)
    try:
        done = _SPEC.sub(lambda spec: _one(memory, spec, left), text.decode())
    except StopIteration:  # more are asked for than there are
        return -errno.EINVAL
    return -errno.EINVAL if "%" in _SPEC.sub("", text.decode()) else done


def _one(memory: Memory, spec: re.Match[str], values: Iterator[int]) -> str:
    """What one of them becomes."""
    percent, form, long, integer, character, string, _ = spec.groups()
    if percent:
        return "%"
    value = next(values)
    if integer:
        bits = 64 if long else 32
        number = signed(value, bits) if integer in "di" else value & MASK[bits]
        return f"%{form}{'d' if integer == 'u' else integer}" % number
    if character:
        return f"%{form}c" % (value & MASK[8])
    if string:
        return f"%{form}s" % string_at(memory, value)
    return f"{value & MASK[64]:016x}"


def string_at(memory: Memory, address: int) -> str:
    """The text at an address, up to its NUL; empty where nothing is."""
    region = memory.region_at(address)
    if region is None:
        return ""
    data = bytes(region.data[address - region.base :][:_LONGEST])
    return data.partition(b"\0")[0].decode(errors="backslashreplace")
