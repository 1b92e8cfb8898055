"""The control-flow graph, made of basic blocks.

A block ends at a jump or exit, or before the start of another block. Blocks start at jump targets,
after conditional jumps, and at function entries. Calls return to the next instruction, so they do
not end a block.

    jump            │ unconditional: goto, gotol
    taken, falls    │ if ... goto, may_goto
    (none)          │ exit; goto rX, whose targets are not in the instruction (6.19)

>>> from rawbpf.asm.decode import decode_all
>>> code = decode_all(bytes.fromhex("15 01 01 00 00 00 00 00  b7 00 00 00 01 00 00 00"
...                                 "95 00 00 00 00 00 00 00"))
>>> for block in control_flow(code):
...     print(block.start, block.end, *block.edges)
0 1 Edge(target=2, kind='taken') Edge(target=1, kind='falls')
1 2 Edge(target=2, kind='falls')
2 3
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rawbpf.asm.instruction import slots_of
from rawbpf.asm.link import callee
from rawbpf.errors import BytecodeError
from rawbpf.uapi import bpf_insn as isa
from rawbpf.uapi.bpf_insn import instruction_class, operation, uses_register

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rawbpf.asm.instruction import Instruction

__all__ = ["Block", "Edge", "control_flow", "successors"]


class Edge(NamedTuple):
    """An edge to slot ``target``; ``kind`` is "jump", "taken" or "falls"."""

    target: int
    kind: str


class Block(NamedTuple):
    """The instructions from slot ``start`` up to ``end``.

    ``function`` is the first slot of the function that contains the block.
    """

    start: int
    end: int
    function: int
    edges: tuple[Edge, ...]


def control_flow(instructions: Sequence[Instruction], functions: Iterable[int] = ()) -> list[Block]:
    """Return the basic blocks of a program in order.

    ``functions`` lists slots where functions start; functions that are called are also found
    without it. Raises BytecodeError if a jump or call targets a slot where no instruction starts.
    """
    *slots, end = slots_of(instructions)
    rows = list(zip(slots, instructions, strict=True))
    starts = {0, *functions}
    starts |= {c for at, one in rows if (c := callee(one, at)) is not None}
    targets, after = set(starts), set()
    for at, one in rows:
        edges = _edges(one, at)
        if edges is not None:
            targets |= {edge.target for edge in edges}
            after.add(at + one.slots)
    _check(targets, {at for at, _ in rows})
    return _blocks(rows, sorted((targets | after) - {end}), sorted(starts), end)


def _edges(one: Instruction, at: int) -> tuple[Edge, ...] | None:
    """Return an instruction's outgoing edges.

    The result is None if execution always continues with the next instruction.
    """
    kind, what = instruction_class(one.opcode), operation(one.opcode)
    if kind not in (isa.BPF_JMP, isa.BPF_JMP32) or what == isa.BPF_CALL:
        return None
    if what == isa.BPF_EXIT:
        return ()
    following = at + one.slots
    if what != isa.BPF_JA:
        return Edge(following + one.off, "taken"), Edge(following, "falls")
    if uses_register(one.opcode):
        return ()
    return (Edge(following + (one.imm if kind == isa.BPF_JMP32 else one.off), "jump"),)


def successors(one: Instruction, at: int) -> list[int]:
    """Return the slots at which execution may continue after the instruction at slot ``at``.

    Execution continues after a call. The targets of goto rX are unknown and not returned.
    """
    edges = _edges(one, at)
    return [at + one.slots] if edges is None else [edge.target for edge in edges]


def _check(targets: set[int], slots: set[int]) -> None:
    wrong = sorted(targets - slots)
    if wrong and slots:
        raise BytecodeError(
            f"invalid jump or call to slot {wrong[0]}", why="no instruction starts at this slot"
        )


def _blocks(
    rows: list[tuple[int, Instruction]], leaders: list[int], starts: list[int], end: int
) -> list[Block]:
    """Return one block per leader, with the outgoing edges of the block's last instruction."""
    last: dict[int, tuple[int, Instruction]] = {at + one.slots: (at, one) for at, one in rows}
    blocks = []
    for start, stop in zip(leaders, [*leaders, end][1:], strict=True):
        at, one = last[stop]
        edges = _edges(one, at)
        if edges is None:
            # Fall through to the next block, but not from one function into another.
            edges = () if stop == end or stop in starts else (Edge(stop, "falls"),)
        function = max(slot for slot in starts if slot <= start)
        blocks.append(Block(start, stop, function, edges))
    return blocks
