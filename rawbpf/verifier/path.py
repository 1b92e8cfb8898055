"""The way to an instruction, walked backwards.

The verifier goes depth-first: at a branch it notes one side for later and takes the other. When a
path ends it takes up the side that it noted last: `from 7 to 9:`. A log of level 1 shows only the
path that failed, for the kernel cuts out what was fine; one of level 2 shows them all, and what
lies between a branch and the return to it belongs to other paths.

    3: (15) if r0 == 0 goto pc+4     <─┐ step back to the visit that noted this side:
    4: ...                             │ the last one that no later return belongs to
    from 3 to 8: R0=0                ──┘
    8: (79) r1 = *(u64 *)(r0 +0)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, overload

from rawbpf.verifier.lines import branch, insn, state_text
from rawbpf.verifier.state import State, parse_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rawbpf.verifier.lines import Branch, Insn

__all__ = ["Path", "Step"]


class Step(NamedTuple):
    """One visit to an instruction.

    ``after``: states written between this instruction and the next one on the path, in order.
    ``depth``: how many calls deeper than the last step; negative: in a caller.
    ``line``: its line in the log.
    """

    slot: int
    opcode: int
    text: str
    after: tuple[str, ...]
    depth: int
    line: int

    @property
    def states(self) -> list[State]:
        """``after``, parsed."""
        return [parse_state(text) for text in self.after]


_CALL, _EXIT = 0x85, 0x95
_LOOK_AT = 8
_SOURCE_FARTHEST = 1000
_ASIDES = ("mark_precise:", "last_idx ", "regs=", "parent ", "propagating ", "frame ")
_JUMP = re.compile(r"(\d{1,9}): \([0-9a-f]{2}\) if .* goto pc([+-]\d{1,9})")


class Path(Sequence[Step]):
    """Steps, the last one first, found as they are asked for."""

    def __init__(self, lines: Sequence[str], end: int) -> None:
        self._lines = lines
        self._found: list[Step] = []
        self._walk = self._steps(end)
        self.before: tuple[str, ...] = ()  # states before the first step, once it was reached

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        if isinstance(index, slice):
            if (index.start or 0) >= 0 and (index.stop or 0) >= 0 and (index.step or 1) > 0:
                return list(islice(self, index.start, index.stop, index.step))
            return list(self)[index]
        if index < 0:
            return list(self)[index]
        while len(self._found) <= index:
            step = next(self._walk, None)
            if step is None:
                raise IndexError(index)
            self._found.append(step)
        return self._found[index]

    def __iter__(self) -> Iterator[Step]:
        index = 0
        while True:
            try:
                yield self[index]
            except IndexError:
                return
            index += 1

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None

    @property
    def tells_states(self) -> bool:
        """Whether there are states behind the last instructions: not at level 1 before 5.17."""
        return any(step.after for step in islice(self, _LOOK_AT))

    def _steps(self, end: int) -> Iterator[Step]:
        states: list[str] = []
        later: Step | None = None
        for at, found in self._events(end):
            if isinstance(found, str):
                states.append(found)
                continue
            after = tuple(reversed([*states, found.after] if found.after else states))
            depth = _depth(found, later)
            later = Step(found.slot, found.opcode, found.text, after, depth, at)
            states.clear()
            yield later
        self.before = tuple(reversed(states))

    def _events(self, end: int) -> Iterator[tuple[int, Insn | str]]:
        """Instructions and states of the path, backwards."""
        at = end
        while at >= 0:
            line = self._lines[at]
            first = line[:1]
            if first.isdigit():
                found = insn(line) or state_text(line)
                if found is not None:
                    yield at, found
                if isinstance(found, str) and self._follows_an_end(at):
                    at = self._branch_to(line.partition(":")[0], at - 1)
                    continue
            elif first == "f" and (back := branch(line)) is not None and not back.safe:
                if back.state:
                    yield at, back.state
                at = self._visit(back, at - 1)
                continue
            at -= 1

    def _visit(self, back: Branch, at: int) -> int:
        """The line of the visit that noted the branch ``back`` returns to."""
        returns = 0
        start = f"{back.source}: ("
        again = f"from {back.source} to {back.target}"
        for index in range(at, -1, -1):
            line = self._lines[index]
            if line.startswith(again) and line[len(again) : len(again) + 1] in (":", " "):
                returns += 1
            elif line.startswith(start):
                if not returns:
                    return index
                returns -= 1
        return -1

    def _follows_an_end(self, at: int) -> bool:
        """Whether a path ended before this state, and so this is the return to a branch.

        Until 5.16 a log of level 2 does not say from where.
        """
        for index in range(at - 1, -1, -1):
            line = self._lines[index]
            if line and not line.startswith(_ASIDES):
                one = insn(line) if line[0].isdigit() else None
                ended = one.opcode == _EXIT if one is not None else line.endswith(": safe")
                return ended and line[0] in "f0123456789"
        return False

    def _branch_to(self, slot: str, at: int) -> int:
        """The line of the jump to ``slot`` that was noted last and not taken up since."""
        returns = 0
        for index in range(at, -1, -1):
            line = self._lines[index]
            if not line[:1].isdigit():
                continue
            if line.startswith(f"{slot}: ") and not line.startswith(f"{slot}: ("):
                returns += self._follows_an_end(index)
            elif (jump := _JUMP.match(line)) and int(jump[1]) + 1 + int(jump[2]) == int(slot):
                if not returns:
                    return index
                returns -= 1
        return -1

    def source_of(self, step: Step) -> str:
        """The line of source of a step, as the log has it; "" if it has none.

        It is the nearest above: instructions of one line have it once.
        """
        for index in range(step.line - 1, max(step.line - _SOURCE_FARTHEST, -1), -1):
            line = self._lines[index]
            if line.startswith("; "):
                return line[2:]
        return ""


def _depth(one: Insn, later: Step | None) -> int:
    """How deep the step before ``later`` is."""
    if later is None:
        return 0
    if one.opcode == _EXIT:
        return later.depth + 1
    if one.opcode == _CALL and later.slot != one.slot + 1:
        return later.depth - 1
    return later.depth
