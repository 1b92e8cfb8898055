"""Parse a logged instruction to find out which registers and stack slots it affects.

The kernel writes `*(u32 *)(r10 -4) = 0`, `if r0 == 0x0 goto pc+1`, `call bpf_map_lookup_elem#1`.
The effects suffice to follow a value backward, even if the program itself is not available.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SIZES", "Effect", "Memory", "effect"]

SIZES = {"8": 1, "16": 2, "32": 4, "64": 8}
"""Maps the number of bits in a type name such as u8 or s16 to a size in bytes."""

_REG = r"[rw](\d{1,2})"
_MEM = r"\*\([us](8|16|32|64) \*\)\(r(\d{1,2}) ?([+-] ?\d{1,9})?\)"
_SET = re.compile(rf"{_REG} (\S{{0,3}}=) (.+)", re.DOTALL)
_MOVE = re.compile(rf"(?:\([us]\d+\))?{_REG}$")
_NEGATE = re.compile(rf"-{_REG}$|(?:be|le|bswap)(?:16|32|64) {_REG}$")
_LOAD = re.compile(_MEM + r"$")
_STORE = re.compile(rf"{_MEM} = (?:{_REG}|(.+))$")
_ATOMIC = re.compile(
    rf"lock {_MEM}|.*\(\([us](8|16|32|64) \*\)\(r(\d{{1,2}}) ?([+-] ?\d{{1,9}})?\)"
)
_CALL = re.compile(r"call (?:(bpf_\w+|\w[\w.]*?)#(-?\d+)|pc([+-]\d+)|(\S+))")
_IF = re.compile(rf"(?:may_goto|if {_REG} (\S+) (?:{_REG}|(-?(?:0x)?[0-9a-f]+)))")


class Memory(NamedTuple):
    """The ``size`` bytes of memory at the address in register ``base`` plus ``off``."""

    size: int
    base: int
    off: int


class Effect(NamedTuple):
    """The effect of one instruction.

    ``kind`` is "move", "constant", "load", "arithmetic", "store", "call", "if", "exit" or "other".
    ``dst`` is the register that is written, and ``src`` is the register that is copied, added or
    stored. ``memory`` is the memory that is loaded from or stored to. ``name`` is the name of the
    called helper or function, or of the constant.
    """

    kind: str
    dst: int | None = None
    src: int | None = None
    memory: Memory | None = None
    name: str = ""
    operator: str = ""


@lru_cache(4096)  # results are cached because a log repeats the instructions of a loop
def effect(text: str) -> Effect:
    """Return the effect of an instruction.

    The function never raises an error; unknown text has the kind "other".

    >>> effect("r2 = *(u64 *)(r10 -8)").memory
    Memory(size=8, base=10, off=-8)
    >>> effect("call bpf_map_lookup_elem#1").name
    'bpf_map_lookup_elem'
    """
    if text.startswith("call"):
        return _call(text)
    if text.startswith(("if ", "may_goto")):
        found = _IF.match(text)
        if found is None or found[1] is None:
            return Effect("if")
        src = int(found[3]) if found[3] else None
        return Effect("if", dst=int(found[1]), src=src, operator=found[2])
    if text.startswith("exit"):
        return Effect("exit")
    if store := _STORE.match(text):
        src = int(store[4]) if store[4] else None
        return Effect("store", src=src, memory=_memory(store.groups()))
    if found := _SET.match(text):
        return _set(int(found[1]), found[2], found[3])
    if atomic := _ATOMIC.match(text):
        groups = [one for one in atomic.groups() if one is not None]
        return Effect("store", memory=_memory([*groups, None]))
    return Effect("other")


def _set(dst: int, operator: str, value: str) -> Effect:
    """Return the effect of ``dst = value`` or ``dst += value``."""
    if atomic := _ATOMIC.match(value):
        return Effect("load", dst, memory=_memory([*atomic.groups()[3:], None]))
    if operator != "=" or _NEGATE.match(value):
        src = _MOVE.match(value)
        return Effect("arithmetic", dst, int(src[1]) if src else None, operator=operator)
    if move := _MOVE.match(value):
        return Effect("move", dst, int(move[1]))
    if load := _LOAD.match(value):
        return Effect("load", dst, memory=_memory(load.groups()))
    return Effect("constant", dst, name=value)


def _memory(groups: Sequence[str | None]) -> Memory:
    size, base, off, *_ = groups
    return Memory(SIZES[size or ""], int(base or 0), int((off or "0").replace(" ", "")))


def _call(text: str) -> Effect:
    found = _CALL.match(text)
    if found is None:
        return Effect("call", dst=0)
    name = found[1] or found[4] or ""
    return Effect("call", dst=0, name=name)
