r"""Bytes and text from elsewhere, made safe to print.

A process may name itself with escape sequences that clear a terminal or change its title
(prctl(PR_SET_NAME) takes any bytes), and the kernel passes them on. We show what is there, visibly.

>>> printable(b"evil\x1b[2J"), printable("tab\there"), printable(b"\xff")
('evil\\x1b[2J', 'tab\\there', '\\xff')
"""

from __future__ import annotations

__all__ = ["letters", "printable"]


def printable(data: bytes | str) -> str:
    r"""One line of text without control characters; bytes that are no UTF-8 as ``\xNN``."""
    text = data.decode(errors="backslashreplace") if isinstance(data, bytes) else data
    if text.isprintable():
        return text
    # unicode_escape would also rewrite every letter beyond Latin-1, which is fine to print.
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


def letters(data: bytes) -> str:
    r"""A character for each byte, as beside hex: a dot for what is none of ASCII's.

    >>> letters(b"ping\0\xff")
    'ping..'
    """
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in data)
