"""Random programs that the verifier accepts, built from parts that can be removed one by one.

A part is a call of a Builder method, such as ("add", r1, 7), or a structure of parts. All programs
have the same frame: they load r0 to r7 from the value of a map, and the parts work on these
registers, on the value and on the stack. In the end, all of it is written to the value, where the
test compares it.

    r0 - r7    random numbers            r8    address or counter of a part
    r9         the value: 0-63 r0-r7 in and out, 64-95 the stack out, 96-159 random memory
    r10 - 32   random memory; below it, room for a key and a counter
"""

from typing import NamedTuple

from rawbpf.asm import (
    Builder,
    Bytecode,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
    r8,
    r9,
    r10,
    w0,
    w1,
    w2,
    w3,
    w4,
    w5,
    w6,
    w7,
)
from rawbpf.asm.instruction import Source
from rawbpf.specs.map_spec import MapSpec
from rawbpf.uapi.bpf import bpf_map_type

NUMBERS, NARROW = (r0, r1, r2, r3, r4, r5, r6, r7), (w0, w1, w2, w3, w4, w5, w6, w7)
VALUE = MapSpec("value", bpf_map_type.BPF_MAP_TYPE_ARRAY, 4, 160, 1)
TABLE = MapSpec("table", bpf_map_type.BPF_MAP_TYPE_HASH, 4, 8, 3)
STACK_OUT, MEMORY = 64, 96
KEY, COUNTER = -40, -48
NOWHERE = Source("random", 0, "")


class Group(NamedTuple):
    """Parts that must stay together."""

    parts: tuple


class Branch(NamedTuple):
    """``then`` if the condition is true, else ``otherwise``. ``leap`` is the jump between them."""

    condition: tuple
    then: tuple
    otherwise: tuple
    leap: str = "ja"


class Loop(NamedTuple):
    """A body that runs a fixed number of times."""

    times: int
    body: tuple


class Call(NamedTuple):
    """A local function. Its frame is that of a program, but its registers start from arguments."""

    body: tuple


class Recipe(NamedTuple):
    """A program, and the value that it starts with."""

    parts: tuple
    value: bytes


def build(recipe: Recipe) -> Bytecode:
    """Build the program of a recipe."""
    b = Builder("random")
    b.at(NOWHERE)
    functions: list[Call] = []
    _enter(b)
    for register in NUMBERS:
        b.ldxdw(register, r9[8 * register.number])
    for number in range(4):
        b.stxdw(r10[-32 + 8 * number], NUMBERS[number + 2])
    _emit(b, recipe.parts, functions)
    _leave(b)
    while functions:
        _function(b, functions.pop(), functions)
    return b.build()


def _enter(b):
    b.ld_map_value(r9, "value")


def _leave(b):
    for register in NUMBERS:
        b.stxdw(r9[8 * register.number], register)
    for number in range(4):
        b.ldxdw(r8, r10[-32 + 8 * number])
        b.stxdw(r9[STACK_OUT + 8 * number], r8)
    b.exit()


def _function(b, call, functions):
    b.label(f"function{id(call)}")
    _enter(b)
    for register, argument in ((r0, r1), (r6, r2), (r7, r3)):
        b.mov(register, argument)
    for number in range(4):
        b.stxdw(r10[-32 + 8 * number], NUMBERS[number + 1])
    _emit(b, call.body, functions)
    b.exit()


def _emit(b, parts, functions):
    for part in parts:
        match part:
            case Group(inner):
                _emit(b, inner, functions)
            case Branch():
                _branch(b, part, functions)
            case Loop(times, body):
                _loop(b, times, body, functions)
            case Call():
                functions.append(part)
                b.call_local(f"function{id(part)}")
                _emit(b, revived(), functions)
            case (method, *operands):
                getattr(b, method)(*operands)


def _branch(b, branch, functions):
    otherwise = b.fresh("otherwise")
    method, *operands = branch.condition
    getattr(b, method)(*operands, otherwise)
    _emit(b, branch.otherwise, functions)
    if not branch.then:
        b.label(otherwise)
        return
    end = b.fresh("end")
    getattr(b, branch.leap)(end)
    b.label(otherwise)
    _emit(b, branch.then, functions)
    b.label(end)


def _loop(b, times, body, functions):
    again = b.fresh("again")
    b.stdw(r10[COUNTER], times)
    b.label(again)
    _emit(b, body, functions)
    b.ldxdw(r8, r10[COUNTER])
    b.sub(r8, 1)
    b.stxdw(r10[COUNTER], r8)
    b.jne(r8, 0, again)


def revived():
    """Set r1 to r5 again, because a call leaves them unset."""
    return tuple(("ldxdw", r, r9[MEMORY + 8 * r.number]) for r in (r1, r2, r3, r4, r5))
