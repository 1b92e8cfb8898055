"""The format of a log record: text with ``{}`` where the arguments go.

Every argument is 64 bits wide; what is behind the colon says how to read and show it. The text
comes from a program, which is to say from anywhere, so this is not ``str.format``: no attribute, no
width, nothing that could cost more than the text itself.

>>> format_log("open({:p}) = {:d}, flags {:x}, by {}", (0xFFFF_8881_0000_0000, 2**64 - 2, 64, 1000))
'open(0xffff888100000000) = -2, flags 40, by 1000'
>>> format_log("{} and {}", (1,)), format_log("{{}} {:q}", (1,))
('1 and {missing}', '{} {:q?}')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["SPECS", "format_log"]


def _signed(value: int) -> str:
    return str(value - 2**64 if value >> 63 else value)


def _ipv4(value: int) -> str:
    # Network order: the first byte in memory is the first of the address.
    return ".".join(str(byte) for byte in value.to_bytes(8, "little")[:4])


SPECS: dict[str, Callable[[int], str]] = {
    "": str,
    "d": _signed,
    "u": str,
    "x": lambda value: f"{value:x}",
    "X": lambda value: f"{value:X}",
    "p": lambda value: f"{value:#x}",
    "ipv4": _ipv4,
}
"""What may stand behind the colon."""


def format_log(text: str, args: tuple[int, ...]) -> str:
    """Put the arguments in. What does not fit is shown, never raised."""
    if "{" not in text and "}" not in text:
        return text
    out: list[str] = []
    rest, given = text, iter(args)
    while rest:
        plain, brace, rest = rest.partition("{")
        out.append(plain.replace("}}", "}"))
        if not brace:
            break
        if rest.startswith("{"):
            out.append("{")
            rest = rest[1:]
            continue
        hole, _, rest = rest.partition("}")
        out.append(_fill(hole, given))
    return "".join(out)


def _fill(hole: str, given: Iterator[int]) -> str:
    spec = hole.removeprefix(":")
    show = SPECS.get(spec)
    if show is None:
        return "{" + hole + "?}"
    value = next(given, None)
    return "{missing}" if value is None else show(value)
