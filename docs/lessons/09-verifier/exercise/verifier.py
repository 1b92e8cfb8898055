"""Lesson 09: a small verifier that follows every path through a program.

The functions, in the order of the steps:

    start()      │ step 1    the state in which a program starts
    reads()      │ step 2    reject reads of registers that were never written
    check()      │ step 3    reject memory accesses out of bounds
    call()       │ step 4    check the arguments of a call, and set its result
    branch()     │ step 5    what a comparison proves on each of its two paths
    verify()     │ step 6    follow all paths
"""

import sys
from pathlib import Path
from typing import NamedTuple

from rawbpf.asm.instruction import Instruction
from rawbpf.source.assembler import assemble

STACK = 512
LIMIT = 1_000
"""The number of instructions after which the verifier gives up.

The kernel's limit is a million.
"""

CONTEXT_SIZE = 192
"""The size of struct __sk_buff. The kernel allows programs to read only some of its fields."""

MOV, MOV_X, ADD = 0xB7, 0xBF, 0x07  # r = imm, r = r, r += imm
JEQ, JNE, JA = 0x15, 0x55, 0x05
CALL, EXIT, WIDE = 0x85, 0x95, 0x18
LOADS = {0x61: 4, 0x69: 2, 0x71: 1, 0x79: 8}
STORES = {0x62: 4, 0x6A: 2, 0x72: 1, 0x7A: 8, 0x63: 4, 0x6B: 2, 0x73: 1, 0x7B: 8}
FROM_REGISTER = {0x63, 0x6B, 0x73, 0x7B}
LOOKUP, KEY_SIZE = 1, 4
"""The only supported helper, bpf_map_lookup_elem, and the size of a u32 key."""


class Known(NamedTuple):
    """What the verifier knows about a register.

    ``kind`` is "number", "context", "stack", "map", "value" or "value or NULL". ``off`` is the
    offset that has been added to a pointer. For a number, ``off`` is the number itself, or None if
    it is unknown."""

    kind: str
    off: int | None = 0


class RejectedError(Exception):
    """The verifier cannot prove that the instruction at ``slot`` is safe."""

    def __init__(self, slot: int, why: str) -> None:
        super().__init__(f"{slot}: {why}")
        self.slot = slot


class State(NamedTuple):
    """The registers and the stack bytes that have been written.

    Programs must not read any other stack bytes."""

    registers: dict[int, Known]
    stack: frozenset[int]

    def put(self, register: int, known: Known) -> "State":
        return self._replace(registers={**self.registers, register: known})


def start() -> State:
    """Return the state in which a program starts."""
    raise NotImplementedError("step 1: return a state with r1, r10 and an empty stack")


def reads(state: State, register: int, slot: int) -> Known:
    """Return what the verifier knows about a register.

    Reject the program if the register was never written.
    """
    raise NotImplementedError("step 2: reject a register that was never written")


def write(state: State, one: Instruction, slot: int, value_size: int) -> State:
    """Return the state after an instruction that is not a jump."""
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
    raise RejectedError(slot, f"unsupported opcode {one.opcode:#x}")


def added(known: Known, number: int, slot: int) -> Known:
    """Return a pointer or number after adding ``number`` to it."""
    if known.kind in ("map", "value or NULL"):
        raise RejectedError(slot, f"no arithmetic is allowed on a {known.kind}")
    return known if known.off is None else known._replace(off=known.off + number)


def store(state: State, one: Instruction, slot: int, value_size: int) -> State:
    """Check a store, and mark the stack bytes that it writes as readable."""
    size = STORES[one.opcode]
    if one.opcode in FROM_REGISTER:
        reads(state, one.src, slot)
    known = check(state, one.dst, one.off, size, slot, value_size)
    if known.kind == "context":
        raise RejectedError(slot, "the context is read-only")
    if known.kind == "value":
        return state
    first = known.off + one.off
    return state._replace(stack=state.stack | set(range(first, first + size)))


def call(state: State, one: Instruction, slot: int) -> State:
    """Check bpf_map_lookup_elem(map, key), which returns a value or NULL."""
    raise NotImplementedError("step 4: check r1 and the key, drop r1 to r5, set r0")


def branch(state: State, one: Instruction, slot: int) -> tuple[State | None, State | None]:
    """Return the states for dst == imm and for dst != imm. None means impossible."""
    raise NotImplementedError("step 5: return what is known on each path")


def check(
    state: State, register: int, off: int, size: int, slot: int, value_size: int = 0
) -> Known:
    """Return what the verifier knows about a pointer.

    Reject the program if the access is out of bounds.
    """
    raise NotImplementedError("step 3: check both ends of the access")


def verify(program: dict[int, Instruction], value_size: int = 8) -> int:
    """Return the number of processed instructions. Raises RejectedError if a path is unsafe."""
    raise NotImplementedError("step 6: process a slot with its state, and add the slots that follow")


def following(
    program: dict[int, Instruction], slot: int, state: State, value_size: int
) -> list[tuple[int, State]]:
    """Return (slot, state) for each instruction that can follow.

    The last entry is processed next.
    """
    if slot not in program:
        raise RejectedError(slot, "no instruction at this slot")
    one = program[slot]
    after = slot + one.slots
    if one.opcode == EXIT:
        reads(state, 0, slot)
        return []
    if one.opcode == JA:
        return [(after + one.off, state)]
    if one.opcode not in (JEQ, JNE):
        return [(after, write(state, one, slot, value_size))]
    equal, unequal = branch(state, one, slot)
    jumps, falls = (equal, unequal) if one.opcode == JEQ else (unequal, equal)
    paths = [(after + one.off, jumps), (after, falls)]
    return [(target, known) for target, known in paths if known is not None]


def main() -> None:
    """Verify the programs in a .bpf.s file."""
    spec = assemble(Path(sys.argv[1]).read_text(), sys.argv[1])
    size = max((one.value_size for one in spec.maps.values()), default=0)
    for name, one in spec.programs.items():
        program = {one.code.slot_of(n): insn for n, insn in enumerate(one.code.instructions)}
        try:
            print(f"{name}: accepted, {verify(program, size)} instructions processed")
        except RejectedError as rejection:
            print(f"{name}: rejected at {rejection}")


if __name__ == "__main__":
    main()
