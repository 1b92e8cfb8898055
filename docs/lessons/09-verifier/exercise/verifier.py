"""Lesson 09: a verifier in miniature. Every path through a program, with what is known on it.

start()      step 1    what is known when a program begins
reads()      step 2    what was never written cannot be read
check()      step 3    an access has to stay inside
call()       step 4    what a call wants, what it destroys, what it returns
branch()     step 5    what a comparison tells, on both of its ways
verify()     step 6    walk all paths
"""

import sys
from pathlib import Path
from typing import NamedTuple

from rawbpf.asm.instruction import Instruction
from rawbpf.source.assembler import assemble

STACK = 512
MOST = 1_000
"""Instructions to look at before we give up, as the kernel does after a million."""

CONTEXT_SIZE = 192
"""Bytes of struct __sk_buff; which of them may be read is a story of its own."""

MOV, MOV_X, ADD = 0xB7, 0xBF, 0x07  # r = imm, r = r, r += imm
JEQ, JNE, JA = 0x15, 0x55, 0x05
CALL, EXIT, WIDE = 0x85, 0x95, 0x18
LOADS = {0x61: 4, 0x69: 2, 0x71: 1, 0x79: 8}
STORES = {0x62: 4, 0x6A: 2, 0x72: 1, 0x7A: 8, 0x63: 4, 0x6B: 2, 0x73: 1, 0x7B: 8}
FROM_REGISTER = {0x63, 0x6B, 0x73, 0x7B}
LOOKUP, KEY_SIZE = 1, 4
"""The one function that we know, bpf_map_lookup_elem; and our keys are u32."""


class Known(NamedTuple):
    """What is known of a register.

    ``kind``: "number", "context", "stack", "map", "value" or "value or NULL". ``off``: how far an
    address was moved; of a number which one it is, None if nobody knows.
    """

    kind: str
    off: int | None = 0


class RefusedError(Exception):
    """``slot``: the instruction at which nothing could be proven any more."""

    def __init__(self, slot: int, why: str) -> None:
        super().__init__(f"{slot}: {why}")
        self.slot = slot


class State(NamedTuple):
    """Registers, and which bytes of the stack were written. What is in neither is not readable."""

    registers: dict[int, Known]
    stack: frozenset[int]

    def put(self, register: int, known: Known) -> "State":
        return self._replace(registers={**self.registers, register: known})


def start() -> State:
    """When a program begins: r1 is the context, r10 the end of the stack, and that is all."""
    raise NotImplementedError("step 1: a program begins with r1 and r10, and an empty stack")


def reads(state: State, register: int, slot: int) -> Known:
    """What is known of a register that an instruction reads."""
    raise NotImplementedError("step 2: refuse a register that was never written")


def write(state: State, one: Instruction, slot: int, value_size: int) -> State:
    """The state behind an instruction that is no jump."""
    if one.opcode == MOV:
        return state.put(one.dst, Known("number", one.imm))
    if one.opcode == MOV_X:
        return state.put(one.dst, reads(state, one.src, slot))
    if one.opcode == ADD:
        return state.put(one.dst, added(reads(state, one.dst, slot), one.imm, slot))
    if one.opcode == WIDE:
        return state.put(one.dst, Known("map" if one.src else "number", None))
    if one.opcode in LOADS:
        check(state, one.src, one.off, LOADS[one.opcode], slot, value_size)
        return state.put(one.dst, Known("number", None))
    if one.opcode in STORES:
        return store(state, one, slot, value_size)
    if one.opcode == CALL:
        return call(state, one, slot)
    raise RefusedError(slot, f"opcode {one.opcode:#x} is not one that we know")


def added(known: Known, number: int, slot: int) -> Known:
    """An address that is moved, or a larger number."""
    if known.kind in ("map", "value or NULL"):
        raise RefusedError(slot, f"nothing may be added to a {known.kind}")
    return known if known.off is None else known._replace(off=known.off + number)


def store(state: State, one: Instruction, slot: int, value_size: int) -> State:
    """The bytes of the stack that it writes are readable from now on."""
    size = STORES[one.opcode]
    if one.opcode in FROM_REGISTER:
        reads(state, one.src, slot)
    known = check(state, one.dst, one.off, size, slot, value_size)
    if known.kind == "context":
        raise RefusedError(slot, "the context is not written to")
    if known.kind == "value":
        return state
    first = known.off + one.off
    return state._replace(stack=state.stack | set(range(first, first + size)))


def call(state: State, one: Instruction, slot: int) -> State:
    """bpf_map_lookup_elem(map, key): destroys r1 to r5, and returns a value or NULL."""
    raise NotImplementedError("step 4: check r1 and the key, forget r1 to r5, return a value or NULL")


def branch(state: State, one: Instruction, slot: int) -> tuple[State | None, State | None]:
    """What is known where dst equals imm, and where it does not; None: it never comes to that."""
    raise NotImplementedError("step 5: tell both ways what the comparison tells")


def check(
    state: State, register: int, off: int, size: int, slot: int, value_size: int = 0
) -> Known:
    """What is known of the address, if all ``size`` bytes at register + ``off`` are inside."""
    raise NotImplementedError("step 3: find the memory, and both ends of the access")


def verify(program: dict[int, Instruction], value_size: int = 8) -> int:
    """How many instructions were looked at. RefusedError: on some path something is wrong."""
    raise NotImplementedError("step 6: take a place, skip it if it was seen, add what follows")


def following(
    program: dict[int, Instruction], slot: int, state: State, value_size: int
) -> list[tuple[int, State]]:
    """Where an instruction leads to, and what is known there. The last one is looked at first."""
    if slot not in program:
        raise RefusedError(slot, "there is no instruction")
    one = program[slot]
    behind = slot + one.slots
    if one.opcode == EXIT:
        reads(state, 0, slot)
        return []
    if one.opcode == JA:
        return [(behind + one.off, state)]
    if one.opcode not in (JEQ, JNE):
        return [(behind, write(state, one, slot, value_size))]
    equal, unequal = branch(state, one, slot)
    jumps, falls = (equal, unequal) if one.opcode == JEQ else (unequal, equal)
    ways = [(behind + one.off, jumps), (behind, falls)]
    return [(target, known) for target, known in ways if known is not None]


def main() -> None:
    """Verify the programs of a .bpf.s file."""
    spec = assemble(Path(sys.argv[1]).read_text(), sys.argv[1])
    size = max((one.value_size for one in spec.maps.values()), default=0)
    for name, one in spec.programs.items():
        program = {one.code.slot_of(n): insn for n, insn in enumerate(one.code.instructions)}
        try:
            print(f"{name}: accepted, {verify(program, size)} instructions looked at")
        except RefusedError as refusal:
            print(f"{name}: refused at {refusal}")


if __name__ == "__main__":
    main()
