"""Numbers among the words of a command line."""

from __future__ import annotations

from rawbpf.errors import UsageError

__all__ = ["parse_duration", "whole_number"]

_LONGEST = 19
"""Digits. int() refuses some thousands of them (CVE-2020-10735), by a ValueError."""

_SHOWN = 40


def whole_number(
    text: str, option: str, fix: str, *, lowest: int = 0, highest: int = (1 << 63) - 1
) -> int:
    """The number that the digits mean. UsageError, with ``fix``: it is none, or out of bounds.

    >>> whole_number("64", "--runs", "give a number")
    64
    >>> whole_number("0", "--cpus", "give a number from 1 to 255", lowest=1, highest=255)
    Traceback (most recent call last):
    ...
    rawbpf.errors.UsageError: --cpus is '0'; give a number from 1 to 255
    """
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST:
        number = int(text)
        if lowest <= number <= highest:
            return number
    raise UsageError(f"{option} is {text[:_SHOWN]!r}", fix=fix)


_TEN_YEARS = 10 * 365 * 86400


def parse_duration(text: str) -> float:
    """Seconds from 0 (for ever) to ten years.

    >>> parse_duration("2.5")
    2.5
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= _TEN_YEARS:  # nan fails every comparison
        raise UsageError(
            f"the duration is {text[:40]!r}", fix="give seconds, such as 2 or 0.5; 0 is for ever"
        )
    return seconds
