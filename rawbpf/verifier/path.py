"""Walk back along the path that led to an instruction.

The verifier works depth-first: at a branch, it saves one side for later and follows the other side.
When a path ends, the verifier resumes with the branch that it saved most recently, for example
`from 7 to 9:`. A log of level 1 contains only the path that failed, because the kernel removes all
other paths from it. A log of level 2 contains all paths, so the lines between a branch and the
point at which the verifier returns to it belong to other paths.

    3: (15) if r0 == 0 goto pc+4     <─┐ continue at the visit that saved this side:
    4: ...                             │ the last visit without a return of its own
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

    ``after`` contains the states that are logged between this instruction and the next one on the
    path, in order. ``depth`` is the call depth relative to the last step, so it is negative in a
    caller. ``line`` is the index of the step's line in the log.
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
    """The steps on the path, latest first, which are parsed on demand."""

    def __init__(self, lines: Sequence[str], end: int) -> None:
        self._lines = lines
        self._found: list[Step] = []
        self._walk = self._steps(end)
        self.before: tuple[str, ...] = ()  # states before the first step, if they have been parsed

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
        """Whether states are logged for the last instructions.

        Logs of level 1 lack states before 5.17.
        """
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
        """Yield the instructions and states on the path, backward, with their line indexes."""
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
        """Return the line of the visit at which the branch that ``back`` returns to was saved."""
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
        """Return whether the path before this state has ended.

        If so, the state belongs to another branch.

        Before 5.17, a log of level 2 does not name the branch.
        """
        for index in range(at - 1, -1, -1):
            line = self._lines[index]
            if line and not line.startswith(_ASIDES):
                one = insn(line) if line[0].isdigit() else None
                ended = one.opcode == _EXIT if one is not None else line.endswith(": safe")
                return ended and line[0] in "f0123456789"
        return False

    def _branch_to(self, slot: str, at: int) -> int:
        """Return the line of the last jump to ``slot`` whose saved branch was not yet resumed."""
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
        """Return the source line that the log quotes for a step, or "" if there is none.

        The log quotes each source line once, before the first of its instructions.
        """
        for index in range(step.line - 1, max(step.line - _SOURCE_FARTHEST, -1), -1):
            line = self._lines[index]
            if line.startswith("; "):
                return line[2:]
        return ""


def _depth(one: Insn, later: Step | None) -> int:
    """Return the call depth of the step before ``later``."""
    if later is None:
        return 0
    if one.opcode == _EXIT:
        return later.depth + 1
    if one.opcode == _CALL and later.slot != one.slot + 1:
        return later.depth - 1
    return later.depth
