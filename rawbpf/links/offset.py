"""Places within a function: ``do_exit+0x10``."""

from __future__ import annotations

import re

from rawbpf.errors import UsageError

__all__ = ["split_offset"]

_NUMBER = re.compile(r"0x[0-9a-fA-F]{1,8}|[0-9]{1,9}")


def split_offset(place: str) -> tuple[str, int]:
    """The function's name, and how many bytes behind its beginning. UsageError: no number.

    >>> split_offset("do_exit+0x10"), split_offset("do_exit")
    (('do_exit', 16), ('do_exit', 0))
    """
    function, plus, text = place.partition("+")
    if not plus:
        return place, 0
    if not _NUMBER.fullmatch(text):
        raise UsageError(f"{text!r} is no offset in {function}", fix="give a number of bytes")
    return function, int(text, 0)
