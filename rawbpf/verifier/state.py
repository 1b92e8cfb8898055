"""Parse a state, in which the verifier describes the registers and stack slots of a frame.

    R1=ctx() R10=fp0 fp-8=0000????              everything, or only what an instruction used
    frame1: R0_w=5 R6_r=ctx(off=0,imm=0) ...    another frame; _w and _r: written, read

A stack slot is eight bytes long and is named after its lowest address. The log shows a spilled
register (`fp-8=map_value(...)`), or one letter per byte, starting with the byte at the highest
address: for example, `fp-8=0000????` means that fp-4 to fp-1 are zero, and that fp-8 to fp-5 were
never written.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rawbpf.verifier.value import Value, parse_value

__all__ = ["BYTES", "LETTERS", "StackSlot", "State", "parse_state"]

BYTES = {
    "?": "never written",
    "m": "any value",
    "0": "zero",
    "r": "part of a spilled register",
    "d": "part of a dynptr",
    "i": "part of an iterator",
    "f": "part of a saved interrupt flag",
}
"""Maps each letter to a description of the byte (slot_type_char in kernel/bpf/log.c)."""

LETTERS = re.compile(f"[{''.join(BYTES)}]{{8}}")
"""The format of a slot that does not contain a spilled register."""

_STACK = 512  # bytes (MAX_BPF_STACK)
_FRAME = re.compile(r"\s*frame(\d{1,2}):")
_ITEM = re.compile(r"(?:R(\d{1,2})|fp(-?\d{1,5}))(?:_[rwD]+)?=")


class StackSlot(NamedTuple):
    """A stack slot, which has eight letters in ``bytes`` or a spilled register in ``value``."""

    bytes: str
    value: Value | None
    text: str


class State(NamedTuple):
    """The registers of a frame by number, and its stack slots by offset (-8, -16 and so on)."""

    frame: int
    registers: dict[int, Value]
    stack: dict[int, StackSlot]


def parse_state(text: str) -> State:
    """Parse a text and return the state.

    The function never raises an error, and skips text that cannot be parsed.

    >>> state = parse_state("frame1: R0_w=5 R10=fp0 fp-8=0000???? refs=2")
    >>> state.frame, state.registers[0].number, state.stack[-8].bytes
    (1, 5, '0000????')
    """
    frame = _FRAME.match(text)
    state = State(int(frame[1]) if frame else 0, {}, {})
    at = frame.end() if frame else 0
    while found := _ITEM.search(text, at):
        at = _end(text, found.end())
        _put(state, found, text[found.end() : at])
    return state


def _put(state: State, name: re.Match[str], text: str) -> None:
    if name[1]:
        number = int(name[1])
        if number <= 10:
            state.registers[number] = parse_value(text)
        return
    off = int(name[2])
    if not -_STACK <= off < 0:
        return
    letters = text if LETTERS.fullmatch(text) else ""
    value = None if letters else parse_value(text)
    state.stack[off] = StackSlot(letters, value, text)


def _end(text: str, at: int) -> int:
    """Return the end of a value, which is the next space outside parentheses."""
    depth = 0
    for index in range(at, len(text)):
        letter = text[index]
        if letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == " " and depth <= 0:
            return index
    return len(text)
